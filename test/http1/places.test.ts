/** Listeners whose connections give way to new ones when there is no place left. */
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Answer, Handler } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { Places } from '../../src/http1/places.ts';
import { Listener } from '../../src/http1/server.ts';
import { connectRaw, type RawConnection } from '../support/client.ts';

const limits = { headerSize: 16_384, headerCount: 100, targetSize: 8192, headersTimeout: 30_000 };

/** Two listeners with two places between them; what `/slow` asks is answered by `answerSlow`. */
async function start() {
  let turnedAway = 0;
  const slow = Promise.withResolvers<Answer>();
  const handler: Handler = {
    serve: ({ target }, answer) => (target === '/slow' ? slow.resolve(answer) : finish(answer)),
    refuse() {},
  };
  const places = new Places(2, { idleGiveWay: true });
  const options = { at: { host: '127.0.0.1', port: 0 }, clock: systemClock, limits, places };
  const listeners = [1, 2].map(() => new Listener(handler, { ...options, turnedAway: () => turnedAway++ }));
  onTestFinished(() => {
    for (const listener of listeners) listener.cut();
    return Promise.all(listeners.map((listener) => listener.stop())).then(() => {});
  });
  const [one = 0, two = 0] = await Promise.all(listeners.map((listener) => listener.listen()));
  return { one, two, turnedAway: () => turnedAway, slow: slow.promise };
}

function finish(answer: Answer): void {
  answer.head({ status: 200, reason: 'OK', fields: new Fields(['Content-Length', '0']) }, { resume() {}, cancel() {} });
  answer.end(Fields.none);
}

/** Asks once more on it. */
async function ask(client: RawConnection, path = '/'): Promise<void> {
  const before = answers(client);
  client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await client.until(() => answers(client) > before);
}

function answers({ received }: RawConnection): number {
  return received.split('200 OK').length - 1;
}

async function served(port: number): Promise<RawConnection> {
  const client = await connectRaw(port);
  await ask(client);
  return client;
}

test('the connection that had no request for the longest gives way to a new one, whichever came first', async () => {
  const { one, two, turnedAway } = await start();
  const [first, second] = [await served(one), await served(two)];
  await ask(first);
  const third = await served(one);

  await second.toEnd();
  await ask(first);
  await ask(third);
  expect(turnedAway()).toBe(0);
});

test('one that has never sent anything gives way, too', async () => {
  const { one } = await start();
  const silent = await connectRaw(one);
  const second = await served(one);
  const third = await served(one);

  expect(await silent.toEnd()).toBe('');
  await ask(second);
  await ask(third);
});

test('none gives way in the middle of a request: who comes then is turned away', async () => {
  const { one, two, turnedAway, slow } = await start();
  const [waiting, halfway] = [await connectRaw(one), await connectRaw(two)];
  waiting.send('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const answer = await slow;
  halfway.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\n');
  await halfway.until(() => answers(halfway) === 1);
  const third = await connectRaw(two);

  expect(await third.toEnd()).toBe('');
  expect(turnedAway()).toBe(1);
  finish(answer);
  await waiting.until(() => answers(waiting) === 1);
  halfway.send('Host: localhost\r\n\r\n');
  await halfway.until(() => answers(halfway) === 2);
});

test('one that has been answered may give way again', async () => {
  const { one, slow } = await start();
  const [waiting, second] = [await connectRaw(one), await connectRaw(one)];
  waiting.send('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
  finish(await slow);
  await waiting.until(() => answers(waiting) === 1);
  await ask(second);
  await served(one);

  await waiting.toEnd();
  await ask(second);
});
