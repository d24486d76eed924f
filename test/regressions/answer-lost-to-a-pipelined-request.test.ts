import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { connectRaw } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { repliesIn } from '../support/raw-replies.ts';

/**
 * RFC 9112 §9.6: who closes a connection on which something has come, or still comes, resets it, and the reset takes
 * what the client has not read yet.
 */
test('an answer that ends its connection reaches a client that has sent another request meanwhile', async () => {
  const body = 'x'.repeat(1_000_000);
  const api = await startApi();
  const held = Promise.withResolvers<() => void>();
  api.behave((_, response) => held.resolve(() => response.end(body)));
  const routes = [{ prefix: '/api', upstream: api.url }];
  const proxy = await startProxy({ routes, shutdown: { timeout: '20s' } });
  const client = await connectRaw(proxy.port);
  client.socket.pause();
  client.send('GET /api/1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const answer = await held.promise;
  // From here on answers end their connections, which the client cannot know yet.
  const stopped = proxy.stop();
  answer();
  await proxy.served(1);
  client.send('GET /api/2 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  for (let turns = 0; turns < 50; turns += 1) await new Promise((next) => setImmediate(next));
  client.socket.resume();
  const [first, second] = repliesIn(await client.toEnd());
  expect(first?.get('connection')).toBe('close');
  expect(first?.body.length).toBe(body.length);
  expect(second).toBeUndefined();
  client.socket.destroy();
  await stopped;
});
