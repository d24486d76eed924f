/**
 * The answer came while the end of the request was still in our hands: the connection was taken for free, and the next
 * request went out behind a body that the API may never read, or may read as requests.
 */
import { expect, onTestFinished, test } from 'vitest';
import type { Answer, OutboundBody } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { upstream } from '../../src/proxy/upstream.ts';
import { Stop } from '../../src/stop.ts';
import { MovedClock } from '../support/clock.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';

/** More than any socket takes at once. */
const whole = Buffer.alloc(64 * 1024 * 1024);
const body: OutboundBody = {
  length: whole.length,
  whole: [whole],
  replayable: true,
  lend: () => () => {},
  open: () => expect.unreachable('all of it is there'),
  settle: () => {},
};

/** Resolves with the code of the failure, or without one at the end of the answer. */
function answered(send: (answer: Answer) => void): Promise<string | undefined> {
  return new Promise((resolve) => {
    send({
      interim: () => {},
      head: () => {},
      data: () => true,
      end: () => resolve(undefined),
      fail: ({ code }) => resolve(code),
    });
  });
}

test('U16 a connection is not used again whose API has answered before it took the whole request', async () => {
  const api = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    connection.socket.pause();
    connection.send('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  });
  const timeouts = { connect: 5000, headers: 5000, idle: 5000 };
  const options = { origin: api.url, timeouts, connections: 4, tls: { insecure: false } };
  const { send, close } = upstream(options, new MovedClock());
  onTestFinished(() => close());
  const request = { method: 'POST', target: '/x', fields: Fields.none };
  expect(await answered((answer) => send({ ...request, body }, answer, new Stop()))).toBeUndefined();
  expect(await answered((answer) => send({ ...request, body: undefined }, answer, new Stop()))).toBeUndefined();
  expect(api.connections).toHaveLength(2);
});
