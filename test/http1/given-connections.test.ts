/** Connections that came to another server, and are given to a listener. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Handler } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { Places } from '../../src/http1/places.ts';
import { Listener } from '../../src/http1/server.ts';
import { connectRaw } from '../support/client.ts';

const limits = { headerSize: 16_384, headerCount: 100, targetSize: 8192, headersTimeout: 30_000 };
const handler: Handler = {
  serve(_, answer) {
    answer.head(
      { status: 200, reason: 'OK', fields: new Fields(['Content-Length', '0']) },
      { resume() {}, cancel() {} },
    );
    answer.end(Fields.none);
  },
  refuse() {},
};

async function start(mostConnections = 10) {
  let turnedAway = 0;
  const at = { host: '127.0.0.1', port: 0 };
  const listener = new Listener(handler, {
    at,
    clock: systemClock,
    limits,
    places: new Places(mostConnections),
    turnedAway: () => turnedAway++,
  });
  const server = createServer((socket) => listener.take(socket)).listen(0, '127.0.0.1');
  onTestFinished(() => {
    listener.cut();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // It listens on a port.
  return { listener, port, turnedAway: () => turnedAway };
}

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

test('are served', async () => {
  const { port } = await start();
  const client = await connectRaw(port);
  client.send(GET);
  await client.until(() => client.received.startsWith('HTTP/1.1 200 OK\r\n'));
});

test('beyond as many as may be open are closed, and told of', async () => {
  const { port, turnedAway } = await start(1);
  const [first, second] = [await connectRaw(port), await connectRaw(port)];
  expect(await second.toEnd()).toBe('');
  expect(turnedAway()).toBe(1);
  first.send(GET);
  await first.until(() => first.received !== '');
});

test('are waited for when the listener stops', async () => {
  const { listener, port } = await start();
  const client = await connectRaw(port);
  client.send(GET);
  await client.until(() => client.received !== '');
  let stopped = false;
  const ended = listener.stop().then(() => {
    stopped = true;
  });
  client.send(GET);
  await client.until(() => client.received.split('200 OK').length === 3);
  expect(stopped).toBe(false);
  client.socket.end();
  await ended;
});
