/** Hostile bytes by the hundred through the whole product, judged by what reaches the API and what a grammar says of them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'vitest';
import { chunkedByGrammar, requestByGrammar } from '../../http1/oracle.ts';
import { limits } from '../../http1/readings.ts';
import { startIdentityProvider } from '../../support/identity-provider.ts';
import { oneRoute, type Proxy as RunningProxy, startProxy } from '../../support/proxy.ts';
import { ask, raw, repliesIn } from '../../support/raw-replies.ts';
import { type StrictApi, startStrictApi } from '../../support/strict-api.ts';
import type { StrictMessage } from '../../support/strict-messages.ts';

/** What a client sends on one connection. No request in it has an X-Request-Id. */
export interface HostileCase {
  readonly name: string;
  /** In latin1. */
  readonly text: string;
  /** Where the bytes are cut into packets. */
  readonly cut?: number;
  /** Behind the cut comes nothing. */
  readonly isCutOff?: boolean;
}

/** What a request says, framing aside. */
interface Said {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** So many clients at once. */
const AT_ONCE = 100;
const barrier = raw(['GET /barrier HTTP/1.1', 'Host: localhost']);

/** Why a request that the grammar takes is refused all the same. */
const notOurs =
  /"detail":"(the (path|target|Host|scheme) |an upgrade with a body)|"code":"(host|forward|origin|method)_denied|"code":"expectation_failed"/;

export interface Tally {
  /** Cases; and the requests in them that are whole by the grammar; and those of them that the API got. */
  cases: number;
  valid: number;
  passed: number;
}

export interface Scene {
  readonly api: StrictApi;
  readonly proxy: RunningProxy;
  readonly token: string;
}

export async function hostileScene(route: Readonly<Record<string, unknown>> = {}): Promise<Scene> {
  const provider = await startIdentityProvider();
  const api = await startStrictApi();
  const { headerSize, headerCount, targetSize } = limits;
  const config = oneRoute(api, provider, { prefix: '/', ...route });
  const proxy = await startProxy({
    ...config,
    // Those of the grammar, for larger ones have tests of their own.
    limits: { headerSize: `${headerSize}B`, headerCount, targetSize: `${targetSize}B` },
  });
  await ask(proxy.port, barrier);
  api.taken();
  proxy.log.splice(0);
  return { api, proxy, token: provider.issued[0] ?? 'none' };
}

/** Sends them all. Fails at the first that gets more to the API than it says, or something else, or in other words. */
export async function carry(scene: Scene, cases: Iterable<HostileCase>): Promise<Tally> {
  const tally = { cases: 0, valid: 0, passed: 0 };
  const batch: HostileCase[] = [];
  for (const each of cases) {
    batch.push(each);
    if (batch.length === AT_ONCE) await carryBatch(scene, batch.splice(0), tally);
  }
  await carryBatch(scene, batch, tally);
  return tally;
}

async function carryBatch(scene: Scene, batch: readonly HostileCase[], tally: Tally): Promise<void> {
  const sent = batch.map(({ text, cut, isCutOff = false }) => (isCutOff ? text.slice(0, cut) : text));
  const meant = sent.map(requestsIn);
  const clients = await Promise.all(
    sent.map((text, at) => send(scene.proxy.port, text, { cut: batch[at]?.cut, methods: methodsOf(meant[at]) })),
  );
  // Whoever got no answer had time for one.
  for (let round = 0; round < 3; round += 1) expect((await ask(scene.proxy.port, barrier)).status).toBe(200);
  const received = await Promise.all(clients.map((client) => client.leave()));
  expect((await ask(scene.proxy.port, barrier)).status).toBe(200);
  expect(scene.api.violations, batch.map(({ name }) => name).join()).toEqual([]);

  const seen = arrivals(scene);
  for (const [at, { name }] of batch.entries()) {
    const expected = meant[at] ?? [];
    const told = `${name}: ${JSON.stringify(sent[at])}`;
    const got = seen.get(clients[at]?.port ?? 0) ?? [];
    expect(got, told).toEqual(inOrder(expected, got));
    holdsAnswers(received[at] ?? '', { methods: methodsOf(expected), passed: got.length, told });
    tally.cases += 1;
    tally.valid += expected.length;
    tally.passed += got.length;
  }
}

/** What has come to the API since, by the port of the client that it is from. */
function arrivals({ api, proxy, token }: Scene): Map<number, Said[]> {
  const ports = new Map(
    proxy.log.splice(0).map(({ requestId, client }) => [requestId, Number(/\d+$/.exec(String(client)))]),
  );
  const seen = new Map<number, Said[]>();
  for (const message of api.taken()) {
    const { method, target, body } = message;
    holdsRules(message, token);
    // Ours: its connection may have the port that a client before it had.
    if (target === '/barrier') continue;
    const [requestId] = message.all('x-request-id');
    const port = ports.get(requestId);
    if (port === undefined) expect.fail(`${method} ${target} is of no request that was logged`);
    seen.set(port, [...(seen.get(port) ?? []), { method, path: target, body: body.toString('latin1') }]);
  }
  return seen;
}

function methodsOf(said: readonly Said[] = []): string[] {
  return said.map(({ method }) => method);
}

interface Expectation {
  /** Of the whole requests that were sent. */
  readonly methods: readonly string[];
  /** How many of them the API got. */
  readonly passed: number;
  readonly told: string;
}

function holdsAnswers(received: string, { methods, passed, told }: Expectation): void {
  const answers = repliesIn(received, methods).filter(({ status }) => status >= 200);
  const asked = methods.length;
  // RFC 9112 §9.3.2: an answer for each, and at most a refusal behind them.
  expect(answers.length, told).toBeLessThanOrEqual(asked + 1);
  expect(answers.filter(({ status }) => status === 200).length, told).toBe(passed);
  // What the grammar takes is taken, unless it asks for what is not ours, or its connection ended before.
  for (const { status, body } of answers.slice(0, asked))
    if (status !== 200 && body !== '') expect(body, told).toMatch(notOurs);
  if (answers.length < asked) expect(answers.at(-1)?.get('connection'), told).toBe('close');
}

/** Those that are among the others, in the order of the others: each once. */
function inOrder(others: readonly Said[], some: readonly Said[]): Said[] {
  let at = 0;
  return others.filter(({ path, body, method }) => {
    const next = some[at];
    const isNext = next?.path === path && next.body === body && next.method === method;
    if (isNext) at += 1;
    return isNext;
  });
}

/** Framing is ours, the token too, and nothing of ours is doubled. */
function holdsRules(message: StrictMessage, token: string): void {
  const name = message.lines.join();
  expect(message.all('authorization'), name).toEqual([`Bearer ${token}`]);
  expect(message.all('bearerway-hop'), name).toHaveLength(1);
  const upgrade = message.body.length === 0 ? [] : ['upgrade'];
  for (const hop of ['expect', 'keep-alive', 'proxy-connection', 'trailer', ...upgrade])
    expect(message.all(hop), `${name}: ${hop}`).toEqual([]);
  expect(
    message.all('te').filter((value) => value !== 'trailers'),
    name,
  ).toEqual([]);
  // As a server sees names that folds all but letters and digits into dashes.
  const folded = message.lines
    .filter((_, at) => at % 2 === 0)
    .map((line) =>
      line
        .toLowerCase()
        .split(/[^a-z0-9]+/)
        .filter(Boolean)
        .join('-'),
    );
  const framing = folded.filter((line) => line === 'content-length' || line === 'transfer-encoding');
  expect(framing.length, name).toBe(message.framing === 'none' ? 0 : 1);
}

/** The whole requests that bytes begin with, by the grammar alone, and what a route to `/api` makes of them. */
function requestsIn(text: string): Said[] {
  const said: Said[] = [];
  for (let rest = text; rest !== ''; ) {
    const head = requestByGrammar(rest);
    if (head === undefined) return said;
    const behind = rest.slice(head.end);
    const { method, target, length = 0, chunked } = head.read;
    const body = chunked
      ? chunkedByGrammar(behind)
      : { content: behind.slice(0, length), end: behind.length < length ? -1 : length };
    if (body === undefined || body.end === -1) return said;
    said.push({ method, path: pathOf(target), body: body.content });
    rest = behind.slice(body.end);
  }
  return said;
}

/** What stands behind the authority of an absolute URL, for a route that takes all. */
function pathOf(target: string): string {
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  return path.startsWith('/') ? path : `/${path}`;
}

interface Client {
  readonly port: number;
  /** Ends the connection; all that came on it. */
  leave(): Promise<string>;
}

interface SendOptions {
  readonly cut: number | undefined;
  /** Of the requests that will be answered. */
  readonly methods: readonly string[];
}

/** Resolves when so many answers have come or the connection has ended. */
async function send(port: number, text: string, { cut, methods }: SendOptions): Promise<Client> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  let received = '';
  const decided = Promise.withResolvers<void>();
  const closed = once(socket, 'close').catch(() => {});
  const isDecided = (): boolean =>
    repliesIn(received, methods).filter(({ status }) => status >= 200).length >= methods.length;
  socket
    .on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (isDecided()) decided.resolve();
    })
    .on('end', () => decided.resolve())
    .on('error', () => decided.resolve());
  await once(socket, 'connect');
  const bytes = Buffer.from(text, 'latin1');
  if (cut === undefined) socket.write(bytes);
  else {
    socket.write(bytes.subarray(0, cut));
    for (let turn = 0; turn < 2; turn += 1) await new Promise((next) => setImmediate(next));
    socket.write(bytes.subarray(cut));
  }
  if (methods.length > 0) await decided.promise;
  return {
    port: socket.localPort ?? 0,
    leave: async () => {
      socket.end();
      await closed;
      return received;
    },
  };
}
