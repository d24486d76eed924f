/** An API whose answer is there before the system's report that its request has gone out. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Fields } from '../../src/fields.ts';
import { upstream } from '../../src/proxy/upstream.ts';
import { Stop } from '../../src/stop.ts';
import { selfSigned } from '../support/certificate.ts';

/** It answers while we are held up. */
const API = `
const { parentPort, workerData } = require('node:worker_threads');
const { createServer } = require('node:tls');
const { cert, key, counts } = workerData;
createServer({ cert, key }, (socket) => {
  Atomics.add(counts, 0, 1);
  socket.on('error', () => {}).on('data', (head) => {
    const gone = () => {
      Atomics.add(counts, 1, 1);
      Atomics.notify(counts, 1);
    };
    const isLast = head.includes(' /last ');
    socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok', isLast ? undefined : gone);
    if (isLast) socket.end(gone);
  });
}).listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port); });
`;

/** Connections, and answers that have gone out. */
async function startApi() {
  const counts = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(API, { eval: true, workerData: { ...selfSigned(), counts } });
  onTestFinished(async () => void (await worker.terminate()));
  const [port] = (await once(worker, 'message')) as [number];
  return { origin: `https://127.0.0.1:${port}`, counts };
}

/** Until so many answers have gone out. */
function heldUp(counts: Int32Array<SharedArrayBuffer>, answers: number): void {
  for (let gone = 0; gone < answers; gone = Atomics.load(counts, 1)) {
    if (Atomics.wait(counts, 1, gone, 10_000) === 'timed-out') throw new Error('the API has not answered');
  }
}

/** Sends three requests over TLS, the second of which goes out late in a turn of the event loop; tells of how many connections they took. */
async function three({ second }: { readonly second: string }): Promise<number | undefined> {
  const { origin, counts } = await startApi();
  const timeouts = { connect: 10_000, headers: 10_000, idle: 10_000 };
  const { send, close } = upstream({ origin, timeouts, connections: 1, tls: { insecure: true } }, systemClock);
  onTestFinished(() => close());
  const post = (target: string) =>
    new Promise<void>((end, fail) => {
      const answer = { interim() {}, head() {}, data: () => true, end: () => end(), fail };
      send({ method: 'POST', target, fields: Fields.none, body: undefined }, answer, new Stop());
    });

  await post('/kept');
  // As one that had to wait for its turn; nothing else is done before its answer is there.
  await new Promise<void>((next, failed) => {
    setImmediate(() => {
      Promise.all([post(second), post('/kept')]).then(() => next(), failed);
      process.nextTick(() => heldUp(counts, 2));
    });
  });
  return counts[0];
}

test('over TLS, a request that goes out late in a turn of the event loop leaves its connection in use', async () => {
  expect(await three({ second: '/kept' })).toBe(1);
});

test('unless the API ends it: who waits for a connection gets another one', async () => {
  expect(await three({ second: '/last' })).toBe(2);
});
