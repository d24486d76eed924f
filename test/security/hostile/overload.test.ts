import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test } from 'vitest';
import { startApp } from '../../../src/app.ts';
import { systemClock } from '../../../src/clock.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { createLog } from '../../../src/observe/log.ts';
import { randomId } from '../../../src/random-id.ts';
import { connectRaw } from '../../support/client.ts';
import { raw } from '../../support/raw-replies.ts';

const REQUESTS = 20_000;
const AT_ONCE = 100;
/** What differs in each: a path, a Host with its port, an origin, a request id, an own field. Bytes. */
const DIFFERENT = 1000;
/** Of each. Bytes. */
const MOST_LEFT = 20;

/** Bytes in use, nothing left to collect. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  return process.memoryUsage().heapUsed;
}

test('C08 a hundred thousand things that clients name leave nothing behind', async () => {
  const source = 'listen: {port: 0}\nadmin: false\nroutes: [{prefix: /api, upstream: "http://127.0.0.1:9"}]\n';
  const log = createLog('trace', { write: () => {} });
  const surroundings = { clock: systemClock, log, random: Math.random, newId: randomId, env: {} };
  const app = await startApp(parseConfig(source, { file: 'proxy.yaml', env: {} }), surroundings);
  onTestFinished(() => app.stop());
  const client = await connectRaw(app.bound.port ?? 0);
  let answered = 0;
  client.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
    answered += chunk.toString('latin1').split('HTTP/1.1 ').length - 1;
  });

  const name = (at: number): string => `${at}-${'x'.repeat(DIFFERENT / 5)}`;
  const send = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at += AT_ONCE) {
      const until = answered + AT_ONCE;
      const some = Array.from({ length: AT_ONCE }, (_, index) => {
        const each = name(at + index);
        const lines = [`GET /${each} HTTP/1.1`, `Host: localhost:${(at + index) % 65_536}`, `X-${each}: ${each}`];
        return raw([...lines, `X-Request-Id: ${(at + index) % 97}`, `Authorization: Bearer ${each}`]);
      });
      client.send(some.join(''));
      while (answered < until) await new Promise((next) => setImmediate(next));
    }
  };
  await send(0, 2000);
  const before = heapUsed();
  await send(2000, 2000 + REQUESTS);
  expect(heapUsed() - before).toBeLessThan(REQUESTS * MOST_LEFT);
});
