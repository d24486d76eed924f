/** Those who ask in the soak. Each goes through one turn, and throws when it has not got what it must get. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { WebSocket } from 'ws';
import { CUT, EVENTS } from './api.ts';

export interface Place {
  /** Of the proxy. */
  readonly port: number;
  /** Of the API, for forward mode. */
  readonly upstream: string;
  readonly agent: Agent;
}

export type Turn = (place: Place, turn: number) => Promise<void>;

export const pause = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));

interface Asked {
  /** A path, or an absolute URL in forward mode. */
  readonly target: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer;
}

interface Got {
  readonly status: number;
  readonly retry: string | undefined;
  readonly body: string;
}

/** One request; rejects when its answer is not whole. */
export async function ask({ port, agent }: Place, { target, method = 'GET', headers = {}, body }: Asked): Promise<Got> {
  const length = body === undefined ? {} : { 'Content-Length': body.length };
  const all = { Host: `127.0.0.1:${port}`, ...length, ...headers };
  const sent = request({ host: '127.0.0.1', port, agent, path: target, method, headers: all });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    // An upload that is refused in the middle breaks behind its answer.
    sent.on('response', resolve).on('error', reject);
  });
  if ('Expect' in headers) sent.on('continue', () => sent.end(body)).flushHeaders();
  else sent.end(body);
  const response = await answered;
  let text = '';
  for await (const bytes of response) text += bytes;
  if (!sent.writableEnded) sent.destroy();
  return { status: response.statusCode ?? 0, retry: String(response.headers['bearerway-retry'] ?? ''), body: text };
}

function fail(what: string, { status, retry, body }: Got): never {
  throw new Error(`${what}: ${status} ${retry} ${body.slice(0, 300)}`);
}

/** The token endpoint is down at times, and an API that refuses too often is let alone: then its 401 passes. */
const passes = /^skipped; reason=(body-too-large|cooldown|token-unavailable)$|^done$/;

function expectDigest(got: Got, body: Buffer, mayBeRefused: boolean): void {
  if (mayBeRefused && got.status === 401 && passes.test(got.retry ?? '')) return;
  const expected = `${body.length} ${createHash('sha256').update(body).digest('hex')}`;
  if (got.status !== 200 || got.body !== expected) fail(`a body of ${body.length} bytes`, got);
}

const sizes = [0, 5, 70_000, 200_000, 1_048_576, 3_000_000];

function bodyOf(turn: number): Buffer {
  return Buffer.alloc(sizes[turn % sizes.length] ?? 0, `turn ${turn}, `);
}

/** GET and POST, by prefix and in forward mode; now and then refused. */
const plain: Turn = async (place, turn) => {
  const path = turn % 3 === 0 ? '/refuses' : '/digest';
  const target = turn % 2 === 0 ? `/api${path}` : `${place.upstream}${path}`;
  const isPost = turn % 5 === 0;
  const body = isPost ? bodyOf(turn / 5) : Buffer.alloc(0);
  const got = await ask(place, isPost ? { target, method: 'POST', body } : { target });
  expectDigest(got, body, path === '/refuses');
};

/** Uploads that are refused in the middle, and clients that wait for `100 Continue`. */
const uploads: Turn = async (place, turn) => {
  const body = bodyOf(turn);
  const headers = turn % 2 === 0 || body.length === 0 ? {} : { Expect: '100-continue' };
  const got = await ask(place, { target: '/api/refuses-early', method: 'PUT', headers, body });
  expectDigest(got, body, true);
};

/** Faults of the API are told as such, and a body that breaks off never looks whole. */
const unlucky: Turn = async (place, turn) => {
  const paths = ['/breaks', '/breaks-chunked', '/resets', '/early', '/nowhere'];
  const path = paths[turn % paths.length] ?? '';
  const target = path === '/nowhere' ? path : `/api${path}`;
  const upload = path === '/early' ? { method: 'PUT', body: Buffer.alloc(3_000_000) } : {};
  const got = await ask(place, { target, ...upload }).catch((error: Error) => error);
  const expected = { '/resets': 502, '/early': 403, '/nowhere': 404 }[path];
  if (got instanceof Error) {
    if (expected !== undefined) throw got;
  } else if (got.status !== expected) fail(path, got);
};

/** All events in their order; or it leaves in the middle. */
const streams: Turn = async (place, turn) => {
  if (turn % 3 === 2) {
    const sent = request({ host: '127.0.0.1', port: place.port, path: '/api/events', agent: false }).end();
    sent.on('error', () => {});
    const [response]: IncomingMessage[] = await once(sent, 'response');
    response?.on('error', () => {});
    await pause(Math.random() * 300);
    sent.destroy();
    return;
  }
  const got = await ask(place, { target: '/api/events' });
  const expected = Array.from({ length: EVENTS }, (_, i) => `id: ${i}\ndata: event ${i}\n\n`).join('');
  if (got.status !== 200 || got.body !== expected) fail('a stream of events', got);
};

/** Messages that come back in their order; then one side or the other ends it, well or not. */
const sockets: Turn = async ({ port }, turn) => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/socket`, { perMessageDeflate: false });
  let refused: string | undefined;
  socket.on('unexpected-response', (_, response) => {
    refused = `${response.statusCode} ${response.headers['bearerway-retry']}`;
    response.resume();
    socket.terminate();
  });
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await Promise.race([new Promise((resolve) => socket.once('open', resolve)), closed]);
  if (socket.readyState !== WebSocket.OPEN) {
    if (refused?.startsWith('401 ') === true && passes.test(refused.slice(4))) return;
    throw new Error(`a handshake: ${refused}`);
  }
  for (let i = 0; i < 20; i += 1) {
    const message = `${turn} ${i} ${'x'.repeat((i * 7919) % 30_000)}`;
    const echo = new Promise((resolve) => socket.once('message', resolve));
    socket.send(message);
    const data = await Promise.race([echo, closed]);
    if (String(data) !== message) throw new Error(`the echo of message ${i} is another`);
  }
  if (turn % 3 === 0) socket.close(1000);
  else if (turn % 3 === 1) socket.send(CUT);
  else socket.terminate();
  await closed;
};

const upload =
  'PUT /api/digest HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

/** Leaves in the middle of things. */
const rude: Turn = async ({ port }, turn) => {
  const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
  await once(socket, 'connect');
  const bytes = turn % 2 === 0 ? upload : 'GET /api/gib HTTP/1.1\r\nHost: localhost\r\n\r\n';
  socket.write(bytes.slice(0, 1 + ((turn * 13) % (bytes.length + 5))));
  await pause(turn % 7);
  if (turn % 3 === 0) socket.resetAndDestroy();
  else if (turn % 3 === 1) socket.destroy();
  else socket.resume().end();
};

/** Each with the milliseconds that it rests between two turns. */
export const clients: Readonly<Record<string, { readonly turn: Turn; readonly restMs: number }>> = {
  plain: { turn: plain, restMs: 2 },
  uploads: { turn: uploads, restMs: 20 },
  unlucky: { turn: unlucky, restMs: 10 },
  streams: { turn: streams, restMs: 5 },
  sockets: { turn: sockets, restMs: 5 },
  rude: { turn: rude, restMs: 2 },
};
