/** Hostile bytes by the hundred through the whole product, judged by what reaches the API and what a grammar says of them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'vitest';
import { chunkedByGrammar, requestByGrammar } from '../../http1/oracle.ts';
import { startIdentityProvider } from '../../support/identity-provider.ts';
import { oneRoute, type Proxy as RunningProxy, startProxy } from '../../support/proxy.ts';
import { ask, raw, repliesIn } from '../../support/raw-replies.ts';
import { type StrictApi, startStrictApi } from '../../support/strict-api.ts';
import type { StrictMessage } from '../../support/strict-messages.ts';

/** What a client sends on one connection. Its requests are for `/api/N`, N being its place among the others. */
export interface HostileCase {
  readonly name: string;
  /** In latin1, with `{N}` for its place. */
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
/** Places have three digits each, so that lengths are known. */
const FIRST = 100;
const barrier = raw(['GET /api/barrier HTTP/1.1', 'Host: localhost']);

/** Why a request that the grammar takes is refused all the same. */
const notOurs = /"detail":"(the (path|target|Host) |no expectation|an upgrade with a body|TRACE )|"code":"host_denied"/;

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
  const proxy = await startProxy(oneRoute(api, provider, route));
  await ask(proxy.port, barrier);
  api.taken();
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

async function carryBatch({ api, proxy, token }: Scene, batch: readonly HostileCase[], tally: Tally): Promise<void> {
  const sent = batch.map(({ text, cut, isCutOff = false }, place) => {
    const whole = text.replaceAll('{N}', String(place + FIRST));
    return isCutOff ? whole.slice(0, cut) : whole;
  });
  const meant = sent.map(requestsIn);
  const clients = await Promise.all(
    sent.map((text, place) => send(proxy.port, text, { cut: batch[place]?.cut, answers: meant[place]?.length ?? 0 })),
  );
  // Whoever got no answer had time for one.
  for (let round = 0; round < 3; round += 1) expect((await ask(proxy.port, barrier)).status).toBe(200);
  const received = await Promise.all(clients.map((client) => client.leave()));
  expect((await ask(proxy.port, barrier)).status).toBe(200);
  expect(api.violations, batch.map(({ name }) => name).join()).toEqual([]);

  const arrived = api.taken().filter(({ target }) => target !== '/barrier');
  const seen = batch.map((): Said[] => []);
  for (const message of arrived) {
    const place = Number(/^\/(\d{3})/.exec(message.target)?.[1]) - FIRST;
    const name = `${batch[place]?.name ?? 'nobody'}: ${message.target}`;
    holdsRules(message, token, name);
    seen[place]?.push({ method: message.method, path: message.target, body: message.body.toString('latin1') });
    expect(seen[place], name).toBeDefined();
  }
  for (const [place, given] of batch.entries()) {
    const expected = meant[place] ?? [];
    const got = seen[place] ?? [];
    expect(got, `${given.name}: ${JSON.stringify(sent[place])}`).toEqual(inOrder(expected, got));
    const answers = repliesIn(received[place] ?? '').filter(({ status }) => status >= 200);
    // RFC 9112 §9.3.2: an answer for each, and at most a refusal behind them.
    expect(answers.length, given.name).toBeLessThanOrEqual(expected.length + 1);
    expect(answers.filter(({ status }) => status === 200).length, given.name).toBe(got.length);
    // What the grammar takes is taken, unless it asks for what is not ours, or its connection ended before.
    for (const { status, body } of answers.slice(0, expected.length))
      if (status !== 200) expect(body, `${given.name}: ${JSON.stringify(sent[place])}`).toMatch(notOurs);
    if (answers.length < expected.length) expect(answers.at(-1)?.get('connection'), given.name).toBe('close');
    tally.cases += 1;
    tally.valid += expected.length;
    tally.passed += got.length;
  }
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
function holdsRules(message: StrictMessage, token: string, name: string): void {
  expect(message.all('authorization'), name).toEqual([`Bearer ${token}`]);
  expect(message.all('bearerway-hop'), name).toHaveLength(1);
  for (const hop of [
    'te',
    'expect',
    'keep-alive',
    'proxy-connection',
    'trailer',
    ...(message.body.length === 0 ? [] : ['upgrade']),
  ])
    expect(message.all(hop), `${name}: ${hop}`).toEqual([]);
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
    said.push({ method, path: target.replace(/^(https?:\/\/localhost)?\/api/i, ''), body: body.content });
    rest = behind.slice(body.end);
  }
  return said;
}

interface Client {
  /** Ends the connection; all that came on it. */
  leave(): Promise<string>;
}

interface SendOptions {
  readonly cut: number | undefined;
  readonly answers: number;
}

/** Resolves when so many answers have come or the connection has ended. */
async function send(port: number, text: string, { cut, answers }: SendOptions): Promise<Client> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  let received = '';
  const decided = Promise.withResolvers<void>();
  const closed = once(socket, 'close').catch(() => {});
  const isDecided = (): boolean =>
    answers === 0 || repliesIn(received).filter(({ status }) => status >= 200).length >= answers;
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
  if (answers > 0) await decided.promise;
  return {
    leave: async () => {
      socket.end();
      await closed;
      return received;
    },
  };
}
