import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { listening } from './server.ts';

/** Both ends of a connection. */
export async function connected(): Promise<readonly [Socket, Socket]> {
  const server = createServer();
  onTestFinished(() => void server.close());
  const there = connect(await listening(server), '127.0.0.1');
  const [here] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => void here.destroy());
  onTestFinished(() => void there.destroy());
  return [here, there];
}
