/**
 * An API that refuses a request without having read all of its body may never read anything else on that connection:
 * node:http is stuck like that when a handler has begun to read, and resets the connection when it has been idle for long
 * enough. What we had sent on it meanwhile, and cannot be sent twice, was lost (found by the soak).
 */
import { expect, test } from 'vitest';
import { startProxy } from '../support/proxy.ts';
import { startRawApi } from '../support/raw-api.ts';

const LARGE = 70_000;

test.each([
  ['a large body that was refused', LARGE, 403, 2],
  ['a large body that was refused for its token', LARGE, 401, 2],
  ['a large body that failed', LARGE, 500, 2],
  ['a large body that was taken', LARGE, 200, 1],
  ['a small body that was refused, which came with its head', 100, 403, 1],
])('behind %s: %i bytes, %i', async (_name, size, status, connections) => {
  const api = await startRawApi(async (connection) => {
    for (let count = 1; ; count += 1) {
      await connection.until((received) => received.split('#').length > count);
      const answer = count === 1 && connection === api.connections[0] ? status : 200;
      connection.send(`HTTP/1.1 ${answer} Whatever\r\nContent-Length: 0\r\n\r\n`);
    }
  });
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  const first = await proxy.call('/api/x', { method: 'POST', body: `${'x'.repeat(size)}#` });
  expect(first.status).toBe(status);
  expect((await proxy.call('/api/x', { method: 'POST', body: '#' })).status).toBe(200);
  expect(api.connections).toHaveLength(connections);
});
