/** What connections cost that nothing comes on. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Program } from './processes.ts';

const CONNECTIONS = 1000;
const GET = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** KiB that each of a thousand connections takes which has served one request and is kept. */
export async function idleKiB(program: Program, port: number): Promise<number> {
  // Code that has not run yet, and the room for what is young, would be counted with the connections.
  const first = await open(port);
  for (let i = 0; i < 4000; i += 1) await ask(first);
  const before = program.usage().memoryMiB;
  const sockets: Socket[] = [];
  for (let i = 0; i < CONNECTIONS; i += 1) {
    const socket = await open(port);
    await ask(socket);
    sockets.push(socket);
  }
  const kiB = ((program.usage().memoryMiB - before) * 1024) / CONNECTIONS;
  for (const socket of [first, ...sockets]) socket.destroy();
  return kiB;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function ask(socket: Socket): Promise<void> {
  socket.write(GET);
  await once(socket, 'data');
}
