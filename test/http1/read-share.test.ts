/** Large bodies leave the event loop to others. */
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Answer, AnswerFlow, Handler } from '../../src/exchange.ts';
import { Fields } from '../../src/fields.ts';
import { Listener } from '../../src/http1/server.ts';
import { upstream } from '../../src/proxy/upstream.ts';
import { Stop } from '../../src/stop.ts';

const MANY = 16;
const BODY = 4 * 1024 * 1024;
const READ = 65_536;
/** What each of them reads before it is told to stop, and what its stream has read by then. */
const MOST = MANY * 2 * READ;
/** When that is over: their share, and what the last ones read beyond it. */
const MOST_OF_ANSWERS = 131_072 + 2 * READ;

/** By iteration of the event loop. */
function counting() {
  const bytes = new Map<number, number>();
  return {
    count(chunk: Buffer): void {
      const { loopCount } = performance.nodeTiming.uvMetricsInfo;
      bytes.set(loopCount, (bytes.get(loopCount) ?? 0) + chunk.length);
    },
    get iterations(): number {
      return bytes.size;
    },
    get most(): number {
      return Math.max(...bytes.values());
    },
  };
}

/** What the other side does, in a thread of its own, so that it goes on while ours is busy. */
function otherSide(program: string): Worker {
  const head = `
    const { connect, createServer } = require('node:net');
    const { parentPort } = require('node:worker_threads');
    const body = Buffer.alloc(${BODY});
  `;
  const worker = new Worker(head + program, { eval: true });
  onTestFinished(async () => void (await worker.terminate()));
  return worker;
}

/** Asks for a large answer on each of many connections, and gives what comes of them to `data`. */
async function askMany(data: (chunk: Buffer, flow: AnswerFlow | undefined) => boolean): Promise<void> {
  const api = otherSide(`
    createServer((socket) => {
      socket.on('error', () => {}).on('data', () => {
        socket.write('HTTP/1.1 200 OK\\r\\nContent-Length: ' + body.length + '\\r\\n\\r\\n');
        socket.write(body);
      });
    }).listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port); });
  `);
  const [port] = await once(api, 'message');
  const timeouts = { connect: 10_000, headers: 10_000, idle: 10_000 };
  const { send, close } = upstream(
    { origin: `http://127.0.0.1:${port}`, timeouts, connections: MANY, tls: { insecure: false } },
    systemClock,
  );
  onTestFinished(() => close());
  const get = () =>
    new Promise<void>((end, fail) => {
      let flow: AnswerFlow | undefined;
      const answer: Answer = {
        interim() {},
        head(_, itsFlow) {
          flow = itsFlow;
        },
        data: (chunk) => data(chunk, flow),
        end: () => end(),
        fail,
      };
      send({ method: 'GET', target: '/', fields: Fields.none, body: undefined }, answer, new Stop());
    });
  await Promise.all(Array.from({ length: MANY }, get));
}

test('of many large answers little is read in an iteration of the event loop', async () => {
  const read = counting();
  await askMany((chunk) => {
    read.count(chunk);
    return true;
  });
  expect(read.most).toBeLessThanOrEqual(MOST);
});

test('nor when all who take them hold them back, and go on in the same moment', async () => {
  const read = counting();
  const held: (AnswerFlow | undefined)[] = [];
  await askMany((chunk, flow) => {
    read.count(chunk);
    if (held.length === 0) {
      setImmediate(() => {
        for (const each of held.splice(0)) each?.resume();
      });
    }
    held.push(flow);
    return false;
  });
  expect(read.iterations).toBeGreaterThan((MANY * BODY) / MOST_OF_ANSWERS - MANY);
});

test('nor of many large bodies of requests', async () => {
  const read = counting();
  const whole = Promise.withResolvers<void>();
  let missing = MANY;
  const handler: Handler = {
    serve({ body }) {
      body?.read({
        data: read.count,
        end() {
          missing -= 1;
          if (missing === 0) whole.resolve();
        },
        fail: whole.reject,
      });
    },
    refuse: whole.reject,
  };
  const limits = { headerSize: 16_384, headerCount: 100, targetSize: 8192, headersTimeout: 30_000 };
  const listener = new Listener(handler, { at: { host: '127.0.0.1', port: 0 }, clock: systemClock, limits });
  onTestFinished(() => listener.cut());
  const port = await listener.listen();
  otherSide(`
    for (let i = 0; i < ${MANY}; i += 1) {
      const socket = connect(${port}, '127.0.0.1').on('error', () => {});
      socket.write('POST / HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: ' + body.length + '\\r\\n\\r\\n');
      socket.write(body);
    }
  `);
  await whole.promise;
  expect(read.most).toBeLessThanOrEqual(MOST);
});
