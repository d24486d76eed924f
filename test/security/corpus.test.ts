/**
 * Requests that proxies have disagreed about, each whole and a byte at a time, through the whole product. The file is
 * too large to be kept here: the environment variable BEARERWAY_CORPUS names its folder, whose README has the rules.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { count } from '../support/counts.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, type Proxy as RunningProxy, startProxy } from '../support/proxy.ts';
import { ask, raw } from '../support/raw-replies.ts';
import { type Recorder, startRecorder } from '../support/recorder.ts';
import { readStrictly, type StrictMessage } from '../support/strict-messages.ts';
import { deliberate } from './corpus-verdicts.ts';

interface Case {
  readonly id: string;
  readonly bytes: Buffer;
  readonly verdict: 'refuse' | 'refuse-or-close' | 'forward' | 'any';
}

interface Outcome {
  /** What reached the API whole. */
  readonly messages: readonly StrictMessage[];
  /** Of the first final answer; undefined: there was none. */
  readonly status: number | undefined;
  /** We ended the connection, and not the client. */
  readonly closed: boolean;
  readonly token: string;
}

const base = '/base';
const barrier = raw(['GET /barrier HTTP/1.1', 'Host: localhost']);
/** Cases that a product serves before another one takes over: what one leaves behind would show in the next. */
const BATCH = 20;
/** Of a longer case the rest is content, and comes in packets. Bytes. */
const MOST_SINGLE = 4096;
const folder = process.env['BEARERWAY_CORPUS'];

if (folder === undefined) {
  test('the corpus is run where BEARERWAY_CORPUS names its folder', () => {
    console.info('BEARERWAY_CORPUS is not set: the corpus of disputed requests was NOT run.');
  });
} else {
  const cases = readCases(folder);
  // Many have no Host, and are refused for that alone.
  const hosted = cases
    .filter(({ bytes }) => !/^host[ \t]*:/im.test(bytes.toString('latin1')))
    .map(({ id, bytes }): Case => ({ id: `${id}, with a Host`, bytes: withHost(bytes), verdict: 'any' }));
  test.each([
    ['whole', sendWhole],
    ['a byte at a time', sendSingly],
  ])(
    'what comes of a disputed request is strict, ours, and as the verdict says: %s',
    async (way, send) => {
      const counts = new Map<string, number>();
      for (let at = 0; at < cases.length + hosted.length; at += BATCH) {
        const stage = await setStage();
        for (const given of [...cases, ...hosted].slice(at, at + BATCH)) {
          const outcome = await carried(stage, given, send);
          holdsRules(given, outcome);
          const verdict = holdsVerdict(given, outcome);
          counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
        }
        await stage.proxy.stop();
      }
      const told = [...counts].toSorted().map(([verdict, count]) => `${verdict}: ${count}`);
      count(`entries of the corpus, sent ${way} (${told.join('; ')})`, cases.length);
      count(`entries of the corpus with a Host put in, sent ${way}`, hosted.length);
      expect(cases.filter(({ id }) => deliberate.has(id))).toHaveLength(deliberate.size);
    },
    60_000,
  );
}

function readCases(from: string): Case[] {
  // The file is the tests' own; its shape is written down beside it.
  const { cases } = JSON.parse(readFileSync(join(from, 'requests.json'), 'utf8')) as {
    readonly cases: readonly { readonly id: string; readonly hex: string; readonly expect?: Case['verdict'] }[];
  };
  return cases.map(({ id, hex, expect: verdict = 'any' }) => ({ id, bytes: Buffer.from(hex, 'hex'), verdict }));
}

function withHost(bytes: Buffer): Buffer {
  const line = /[^\r\n]\r\n/.exec(bytes.toString('latin1'));
  const at = line === null ? bytes.length : line.index + 3;
  return Buffer.concat([bytes.subarray(0, at), Buffer.from('Host: localhost\r\n'), bytes.subarray(at)]);
}

type SendBytes = (connection: RawConnection, bytes: Buffer) => Promise<void>;

async function sendWhole(connection: RawConnection, bytes: Buffer): Promise<void> {
  connection.send(bytes);
}

/** Each byte is read in a turn of its own. */
async function sendSingly(connection: RawConnection, bytes: Buffer): Promise<void> {
  connection.socket.setNoDelay(true);
  for (let at = 0; at < Math.min(bytes.length, MOST_SINGLE); at += 1) {
    connection.send(bytes.subarray(at, at + 1));
    await new Promise((next) => setImmediate(next));
  }
  if (bytes.length > MOST_SINGLE) connection.send(bytes.subarray(MOST_SINGLE));
}

interface CorpusStage {
  readonly recorder: Recorder;
  readonly proxy: RunningProxy;
  readonly token: string;
}

async function setStage(): Promise<CorpusStage> {
  const provider = await startIdentityProvider();
  const recorder = await startRecorder();
  const proxy = await startProxy({
    credentials: { main: credentialFor(provider) },
    routes: [{ prefix: '/', upstream: `${recorder.url}${base}`, credential: 'main' }],
  });
  await ask(proxy.port, barrier);
  return { recorder, proxy, token: provider.issued[0] ?? 'none' };
}

/** Sends a case. Throws where what reaches the API breaks the grammar, or where the product serves nobody else behind it. */
async function carried({ recorder, proxy, token }: CorpusStage, given: Case, send: SendBytes): Promise<Outcome> {
  const { id, bytes, verdict } = given;
  const before = new Map(recorder.recordings.map((each) => [each, readStrictly(each.bytes).messages.length]));
  const connection = await connectRaw(proxy.port);
  await send(connection, bytes);
  const hasAnswer = (received: string) => statusIn(received) !== undefined;
  // The others may wait for more for ever.
  const isDecided = verdict !== 'any' && deliberate.get(id)?.outcome !== 'cut short';
  if (isDecided) await connection.until(hasAnswer).catch(() => {});
  if (verdict === 'refuse') await connection.toEnd();
  for (let round = 0; round < 2; round += 1) expect((await ask(proxy.port, barrier)).status, id).toBe(200);
  const closed = connection.socket.readableEnded;
  connection.socket.end();
  await connection.toEnd();
  expect((await ask(proxy.port, barrier)).status, id).toBe(200);
  // What was begun and not ended is given up towards the API, too.
  const isOver = () => recorder.recordings.every((each) => each.closed || readStrictly(each.bytes).rest === 0);
  await recorder.until(isOver);
  const messages = recorder.recordings
    .flatMap((each) => readStrictly(each.bytes).messages.slice(before.get(each) ?? 0))
    .filter(({ target }) => target !== `${base}/barrier`);
  return { messages, status: statusIn(connection.received), closed, token };
}

/** Of the first answer that is not an interim one. */
function statusIn(received: string): number | undefined {
  const status = /(?:^|\n)HTTP\/1\.1 ([2-5]\d\d) /.exec(received)?.[1];
  return status === undefined ? undefined : Number(status);
}

/** Rules 1 to 3; the fourth, and the first, are seen to while it is carried. */
function holdsRules({ id, bytes }: Case, { messages, token }: Outcome): void {
  expect(messages.length, id).toBeLessThanOrEqual(validlySent(bytes));
  for (const message of messages) {
    expect(message.all('authorization'), id).toEqual([`Bearer ${token}`]);
    expect(staysBelowBase(message.target), `${id}: ${message.target}`).toBe(true);
  }
}

/** How many requests a client can have meant: those that are strict, or one that only a lenient reader takes. */
function validlySent(bytes: Buffer): number {
  try {
    const { messages, rest } = readStrictly(bytes);
    return messages.length + (rest > 0 ? 1 : 0);
  } catch {
    return Math.max(1, bytes.toString('latin1').match(/^[A-Z-]+ \S+ HTTP\/1\.[01]\r?$/gm)?.length ?? 0);
  }
}

function staysBelowBase(target: string): boolean {
  const path = target.split('?', 1)[0] ?? '';
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const segments = decoded.split(/[/\\]/).map((segment) => segment.split(';', 1)[0] ?? '');
  return (path === base || path.startsWith(`${base}/`)) && !segments.includes('..') && !segments.includes('.');
}

/** Rule 5. Gives what became of it, for the count. */
function holdsVerdict({ id, bytes, verdict }: Case, { messages, status, closed }: Outcome): string {
  const expected = deliberate.get(id)?.outcome ?? (verdict === 'refuse-or-close' ? 'refuse' : verdict);
  const told = `${id}: ${status}, ${messages.length} messages`;
  if (expected === 'refuse') {
    expect(messages, told).toEqual([]);
    expect(status, told).toBeGreaterThanOrEqual(400);
    expect(status, told).toBeLessThan(600);
    if (verdict === 'refuse') expect(closed, told).toBe(true);
  } else if (expected === 'cut short') {
    expect(messages, told).toEqual([]);
    expect(status, told).toBeUndefined();
  } else if (expected !== 'any') {
    expect(status, told).toBe(200);
    expect(messages, told).toHaveLength(1);
    if (expected === 'forward') expect(messages[0]?.body.equals(bodyOf(bytes)), told).toBe(true);
    if (expected === 'twin dropped') expect(twins(messages), told).toEqual([]);
  }
  return `${verdict} → ${expected}`;
}

function bodyOf(bytes: Buffer): Buffer {
  const end = bytes.indexOf('\r\n\r\n') + 4;
  const head = bytes.toString('latin1', 0, end);
  return /^transfer-encoding:\s*chunked\r$/im.test(head) ? Buffer.alloc(0) : bytes.subarray(end);
}

/** Names that only some servers take for those of framing. */
function twins(messages: readonly StrictMessage[]): string[] {
  const names = messages.flatMap(({ lines }) => lines.filter((_, index) => index % 2 === 0));
  return names.filter(
    (name) =>
      /^(transfer[^a-z]+encoding|content[^a-z]+length)[^a-z]*$/i.test(name) &&
      !/^(transfer-encoding|content-length)$/i.test(name),
  );
}
