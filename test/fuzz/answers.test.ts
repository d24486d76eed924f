import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { answers, bodies, mutated } from '../http1/mutations.ts';
import { answerByGrammar, chunkedByGrammar } from '../http1/oracle.ts';
import { startProxy } from '../support/proxy.ts';
import type { Random } from '../support/random.ts';
import { type RawApi, startRawApi } from '../support/raw-api.ts';
import { type RawReply, repliesIn } from '../support/raw-replies.ts';
import { noSocketsBut, openSockets, patience, rounds } from './rounds.ts';

const AT_ONCE = 100;
const MOST_INTERIM = 16;

interface Expected {
  readonly status: number;
  readonly body: string;
}

/** The final answer that bytes and the end of their connection are, by the grammar; undefined: none, or none that is whole. */
function answerIn(text: string): Expected | undefined {
  let rest = text;
  for (let interim = 0; interim <= MOST_INTERIM; interim += 1) {
    const head = answerByGrammar(rest);
    if (head === undefined || head.read.status === 101) return undefined;
    rest = rest.slice(head.end);
    const { status, length, chunked } = head.read;
    if (status < 200) continue;
    if (status === 204 || status === 304) return { status, body: '' };
    if (chunked) {
      const body = chunkedByGrammar(rest);
      return body && { status, body: body.content };
    }
    if (length === undefined) return { status, body: rest };
    return rest.length < length ? undefined : { status, body: rest.slice(0, length) };
  }
  return undefined;
}

/** An API that answers a request for `/N` with the N-th of these, and ends its connection. */
function startFuzzedApi(texts: readonly string[]): Promise<RawApi> {
  return startRawApi(async (connection) => {
    const request = await connection.until((received) => received.includes('\r\n\r\n'));
    connection.socket.end(Buffer.from(texts[Number(/^GET \/(\d+)/.exec(request)?.[1])] ?? '', 'latin1'));
  });
}

async function asked(port: number, place: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.write(`GET /api/${place} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await once(socket, 'close').catch(() => {});
  return received;
}

function made(random: Random): string {
  const answer = answers[random(answers.length)] ?? '';
  const body = random(2) === 0 ? (bodies[random(bodies.length)] ?? '') : '';
  const interim = random(4) === 0 ? 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(random(20)) : '';
  return mutated(`${interim}${answer}${body}`, random);
}

function holds(reply: RawReply | undefined, expected: Expected | undefined, told: string): void {
  if (expected !== undefined) expect({ status: reply?.status, body: reply?.body }, told).toEqual(expected);
  else if (reply !== undefined) expect(reply.code, told).toMatch(/^upstream_(invalid|reset)$/);
}

test('whatever an API answers, its client gets that, a 502, or a cut, and nothing is left of it', {
  timeout: patience,
}, async () => {
  const before = openSockets();
  const texts: string[] = [];
  const api = await startFuzzedApi(texts);
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
  await rounds('answers of APIs', async (random) => {
    texts.splice(0, texts.length, ...Array.from({ length: AT_ONCE }, () => made(random)));
    const received = await Promise.all(texts.map((_, place) => asked(proxy.port, place)));
    for (const [place, text] of texts.entries()) {
      const reply = repliesIn(received[place] ?? '').find(({ status }) => status >= 200);
      holds(reply, answerIn(text), `${JSON.stringify(text)} became ${JSON.stringify(received[place])}`);
    }
    proxy.log.splice(0);
    api.connections.splice(0);
    return AT_ONCE;
  });
  await proxy.stop();
  await noSocketsBut(before);
});
