/**
 * The body of a request that is refused at once came in the same packet, and was not looked at in that turn: the
 * connection was closed, and what the client had sent behind it was lost.
 */
import { expect, test } from 'vitest';
import { connectRaw } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { repliesIn } from '../support/raw-replies.ts';

const HEAD = 'POST /nowhere HTTP/1.1\r\nHost: localhost\r\n';
const NEXT = 'GET /nowhere/next HTTP/1.1\r\nHost: localhost\r\n\r\n';

async function start() {
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: 'http://127.0.0.1:1' }] });
  return connectRaw(proxy.port);
}

test.each([
  ['of known length', 'Content-Length: 3\r\n\r\nabc'],
  ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
])('a connection outlives a refused request whose body %s came with it', async (_name, rest) => {
  const client = await start();
  client.send(`${HEAD}${rest}${NEXT}`);
  const replies = repliesIn(await client.until((text) => repliesIn(text).length === 2));
  expect(replies.map(({ code }) => code)).toEqual(['no_route', 'no_route']);
  expect(replies.map((reply) => reply.get('connection'))).toEqual([undefined, undefined]);
});

test.each([
  ['is still to come', 'Content-Length: 4\r\n\r\nabc'],
  ['breaks HTTP', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n'],
  ['waits for 100 Continue', 'Expect: 100-continue\r\nContent-Length: 3\r\n\r\n'],
])('a connection ends behind a refused request whose body %s', async (_name, rest) => {
  const client = await start();
  client.send(`${HEAD}${rest}`);
  const replies = repliesIn(await client.toEnd());
  expect(replies.map(({ code }) => code)).toEqual(['no_route']);
  expect(replies[0]?.get('connection')).toBe('close');
});
