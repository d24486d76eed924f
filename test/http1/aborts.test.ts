import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { count } from '../support/counts.ts';
import { startProxy } from '../support/proxy.ts';

/** `npm run security` makes it 10,000. */
const ABORTS = Number(process.env['BEARERWAY_ABORTS'] ?? 1000);

const upload = 'PUT /api/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
const get = 'GET /api/large HTTP/1.1\r\nHost: localhost\r\n\r\n';

test(`${ABORTS} requests that are given up at any moment leave nothing behind`, async () => {
  const api = await startApi();
  api.behave((request, response) => {
    request.resume();
    request.on('error', () => {});
    if (request.url === '/large') response.end(Buffer.alloc(200_000));
    else request.on('end', () => response.end('ok'));
  });
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }], log: { level: 'silent' } });
  const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCPSocketWrap')).length;
  const before = sockets();
  let left = ABORTS;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (let turn = left--; turn > 0; turn = left--) {
        const bytes = turn % 2 === 0 ? upload : get;
        const socket = connect({ host: '127.0.0.1', port: proxy.port });
        socket.on('error', () => {});
        await once(socket, 'connect');
        socket.write(bytes.slice(0, 1 + ((turn * 7) % (bytes.length + 10))));
        for (let i = turn % 5; i > 0; i -= 1) await new Promise((next) => setImmediate(next));
        const closed = once(socket, 'close');
        if (turn % 3 === 0) socket.resetAndDestroy();
        else socket.destroy();
        await closed;
      }
    }),
  );
  expect((await proxy.call('/api/x')).text).toBe('ok');
  // What is kept for further requests to the API may stay; it is less than there were lanes.
  while (sockets() - before > 2 * 32) await new Promise((next) => setImmediate(next));
  await proxy.stop();
  while (sockets() > before) await new Promise((next) => setImmediate(next));
  expect(sockets()).toBeLessThanOrEqual(before);
  count('requests that were given up, and left nothing behind', ABORTS);
});
