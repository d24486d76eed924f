/**
 * A chunk that the client could not take at once did not count as a sign of life of the API: its time went on from the
 * chunk before, and an API that had just spoken was cut for being silent.
 */
import { expect, onTestFinished, test } from 'vitest';
import type { Answer } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { upstream } from '../../src/proxy/upstream.ts';
import { Stop } from '../../src/stop.ts';
import { MovedClock } from '../support/clock.ts';
import { answering, startRawApi } from '../support/raw-api.ts';

test('an API has all of timeouts.idle behind a chunk that is not taken at once', async () => {
  const clock = new MovedClock();
  const api = await startRawApi(answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na'));
  const timeouts = { connect: 5000, headers: 5000, idle: 5000 };
  const { send, close } = upstream({ origin: api.url, timeouts, connections: 1, tls: { insecure: false } }, clock);
  onTestFinished(() => close());
  let came = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<unknown>();
  let failures = 0;
  const answer: Answer = {
    interim: () => {},
    head: () => {},
    data(chunk) {
      came.resolve();
      return chunk.toString() !== 'b';
    },
    end: () => expect.unreachable('it is not whole'),
    fail(failure) {
      failures += 1;
      failed.resolve(failure.code);
    },
  };
  send({ method: 'GET', target: '/x', fields: Fields.none, body: undefined }, answer, new Stop());
  await came.promise;
  clock.advance(4000);
  came = Promise.withResolvers();
  (await api.connection()).send('b');
  await came.promise;
  clock.advance(4900);
  expect(failures).toBe(0);
  clock.advance(200);
  expect(await failed.promise).toBe('upstream_timeout');
});
