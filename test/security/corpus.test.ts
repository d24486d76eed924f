/**
 * Requests that proxies have disagreed about, through the whole product. The file is too large to be kept here:
 * the environment variable BEARERWAY_CORPUS names it. `expect` in it is a verdict on a whole HTTP/1.1 engine; while
 * requests are read by node:http, how many differ is told, and no more.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { connectRaw } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';
import { ask, type RawReply, raw, repliesIn } from '../support/raw-replies.ts';
import { startRecorder } from '../support/recorder.ts';
import { readStrictly, type StrictMessage } from '../support/strict-messages.ts';

interface Case {
  readonly id: string;
  readonly hex: string;
  readonly expect?: 'refuse' | 'refuse-or-close' | 'forward' | 'any';
}

interface Outcome {
  readonly messages: readonly StrictMessage[];
  readonly replies: readonly RawReply[];
  readonly token: string;
}

const base = '/base';
const barrier = raw(['GET /barrier HTTP/1.1', 'Host: localhost']);
const folder = process.env['BEARERWAY_CORPUS'];
const differing: string[] = [];

if (folder === undefined) {
  test('the corpus is run where BEARERWAY_CORPUS names its folder', () => {
    console.info('BEARERWAY_CORPUS is not set: the corpus of disputed requests was NOT run.');
  });
} else {
  // The file is the tests' own; its shape is written down beside it.
  const { cases } = JSON.parse(readFileSync(join(folder, 'requests.json'), 'utf8')) as {
    readonly cases: readonly Case[];
  };
  describe('what reaches the API of a disputed request is strict, ours, and no more than was sent', () => {
    test.each(cases)('$id', async (given) => {
      const bytes = Buffer.from(given.hex, 'hex');
      const outcome = await carried(bytes);
      holdsRules(bytes, outcome);
      if (!agrees(given.expect, outcome)) differing.push(`${given.id} (${given.expect})`);
    });
    // Many have no Host, and are refused for that alone.
    const hostless = cases.filter(({ hex }) => !/^host[ \t]*:/im.test(Buffer.from(hex, 'hex').toString('latin1')));
    test.each(hostless)('$id, with a Host', async ({ hex }) => {
      const bytes = withHost(Buffer.from(hex, 'hex'));
      holdsRules(bytes, await carried(bytes));
    });
    afterAll(() => console.info(`${differing.length} verdicts of the corpus differ:\n${differing.join('\n')}`));
  });
}

function holdsRules(bytes: Buffer, { messages, token }: Outcome): void {
  expect(messages.length).toBeLessThanOrEqual(validlySent(bytes));
  for (const message of messages) {
    expect(message.all('authorization')).toEqual([`Bearer ${token}`]);
    expect(staysBelowBase(message.target), message.target).toBe(true);
  }
}

function withHost(bytes: Buffer): Buffer {
  const line = /[^\r\n]\r\n/.exec(bytes.toString('latin1'));
  const at = line === null ? bytes.length : line.index + 3;
  return Buffer.concat([bytes.subarray(0, at), Buffer.from('Host: localhost\r\n'), bytes.subarray(at)]);
}

/** Sends a case through a product of its own. Throws where what reaches the API breaks the grammar. */
async function carried(bytes: Buffer): Promise<Outcome> {
  const provider = await startIdentityProvider();
  const recorder = await startRecorder();
  const proxy = await startProxy({
    credentials: { main: credentialFor(provider) },
    routes: [{ prefix: '/', upstream: `${recorder.url}${base}`, credential: 'main' }],
  });
  const connection = await connectRaw(proxy.port);
  connection.send(bytes);
  // The process lives, and answers rightly on a fresh connection; by then the case has been read, too.
  for (let round = 0; round < 2; round += 1) expect((await ask(proxy.port, barrier)).status).toBe(200);
  connection.socket.end();
  await connection.toEnd();
  expect((await ask(proxy.port, barrier)).status).toBe(200);
  const messages = recorder.messages.filter(({ target }) => target !== `${base}/barrier`);
  return { messages, replies: repliesIn(connection.received), token: provider.issued[0] ?? 'none' };
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

function agrees(verdict: Case['expect'], { messages, replies }: Outcome): boolean {
  if (verdict === 'refuse') return messages.length === 0 && (replies[0]?.status ?? 0) >= 400;
  if (verdict === 'refuse-or-close') return messages.length === 0;
  return verdict !== 'forward' || messages.length > 0;
}
