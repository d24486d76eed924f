import { expect, onTestFinished, test } from 'vitest';
import type { Failure } from '../../src/errors.ts';
import type { Answer, AnswerFlow } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { upstream } from '../../src/proxy/upstream.ts';
import { MovedClock } from '../support/clock.ts';
import { hasHead, type RawApi, startRawApi } from '../support/raw-api.ts';

function sender(api: RawApi, clock = new MovedClock()) {
  const { send, close } = upstream(
    {
      origin: api.url,
      timeouts: { connect: 10_000, headers: 10_000, idle: 10_000 },
      connections: 1,
      tls: { insecure: false },
    },
    clock,
  );
  onTestFinished(() => close());
  return send;
}

const request = { method: 'GET', target: '/x', fields: Fields.none, body: undefined };

/** Takes an answer, and asks for no more after each chunk. */
class HeldBack implements Answer {
  readonly #outcome = Promise.withResolvers<'ended' | Failure>();
  readonly outcome = this.#outcome.promise;
  readonly #first = Promise.withResolvers<AnswerFlow>();
  readonly first = this.#first.promise;
  received = 0;
  #flow: AnswerFlow | undefined;

  interim(): void {}

  head(...[, flow]: Parameters<Answer['head']>): void {
    this.#flow = flow;
  }

  data(chunk: Buffer): boolean {
    this.received += chunk.length;
    if (this.#flow !== undefined) this.#first.resolve(this.#flow);
    return false;
  }

  end(): void {
    this.#outcome.resolve('ended');
  }

  fail(failure: Failure): void {
    this.#outcome.resolve(failure);
  }
}

test.each([
  ['keep-alive', ''],
  ['closing', 'Connection: close\r\n'],
])('a whole answer that is held back when the connection ends is a whole answer: %s', async (_name, fields) => {
  const api = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    connection.send(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 5\r\n\r\nwhole`);
    connection.socket.end();
  });
  const answer = new HeldBack();
  sender(api)(request, answer, new AbortController().signal);
  expect(await answer.outcome).toBe('ended');
  expect(answer.received).toBe(5);
});

test('an answer that is held back and lacks a byte when the connection ends is a broken one', async () => {
  const api = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nwhole');
    connection.socket.end();
  });
  const answer = new HeldBack();
  sender(api)(request, answer, new AbortController().signal);
  (await answer.first).resume();
  expect(await answer.outcome).toMatchObject({ code: 'upstream_reset' });
});

test('what was cancelled says nothing more, and its connection is closed', async () => {
  const api = await startRawApi(async (connection) => {
    await connection.until(hasHead);
    connection.send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nwhole');
  });
  const answer = new HeldBack();
  const clock = new MovedClock();
  sender(api, clock)(request, answer, new AbortController().signal);
  const flow = await answer.first;
  const connection = await api.connection();
  flow.cancel();
  // The rest is waited for a moment, as it may be all that keeps the connection from being used again.
  clock.advance(2000);
  await connection.toEnd();
  expect(answer.received).toBe(5);
});
