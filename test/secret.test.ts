import { deepStrictEqual } from 'node:assert';
import { execFile } from 'node:child_process';
import { Console } from 'node:console';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { asFailure, Failure, problem, reason } from '../src/errors.ts';
import { createLog } from '../src/observe/log.ts';
import { fileSecret, fixedSecret, Secret, watchSecret } from '../src/secret.ts';
import { CLIENT_SECRET, expectNoCanary } from './support/canary.ts';
import { MovedClock } from './support/clock.ts';

const secret = new Secret(CLIENT_SECRET);
const nested = { a: [{ b: new Map([['key', { secret }]]) }], set: new Set([secret]) };
const failure = new Failure('token_refused', 'it refuses us', { cause: new Error('why', { cause: secret }) });

const { port1, port2: sent } = new MessageChannel();
port1.postMessage({ secret, nested });
afterAll(() => port1.close());

function thrownBy(action: () => void): unknown {
  try {
    action();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}

const printed: Readonly<Record<string, () => string>> = {
  'String()': () => String(secret),
  'a template': () => `${secret}`,
  concatenation: () => ['', secret].join(''),
  'toLocaleString()': () => secret.toLocaleString(),
  JSON: () => JSON.stringify({ secret, nested, list: [secret] }),
  'JSON of an error': () => JSON.stringify(failure),
  inspect: () => inspect(secret),
  'inspect of what holds it': () => inspect(nested, { depth: 10 }),
  'inspect of hidden properties': () => inspect(nested, { depth: 10, showHidden: true, getters: true }),
  'inspect without custom': () => inspect(nested, { depth: 10, showHidden: true, customInspect: false }),
  'format %s %o %O %j %d': () => format('%s %o %O %j %d', secret, secret, secret, secret, secret),
  'its own keys and values': () => inspect([Reflect.ownKeys(secret), Object.entries(secret)]),
  'concat()': () => 'a'.concat(`${secret}`, secret.toString()),
  'a clone': () => inspect(structuredClone(secret)),
  'what is sent to a thread': () => inspect(receiveMessageOnPort(sent)),
  'what V8 writes': () => serialize({ secret, nested }).toString('latin1'),
  'what an assertion says': () => String(thrownBy(() => deepStrictEqual({ secret }, { secret: new Secret('x') }))),
  'an error’s message': () => inspect(new Error(String(secret), { cause: { secret } }), { depth: 10 }),
  'an aggregate': () => inspect(new AggregateError([failure, secret]), { depth: 10 }),
  'a spread': () => inspect({ ...secret }),
  'an error’s cause': () => inspect(failure, { depth: 10 }),
  'an error’s stack': () => String(failure.stack),
  'the reason for the log': () => reason(failure),
  'an answer to a client': () => problem(failure, 'id').body.toString(),
  'what was thrown': () => inspect(asFailure(secret), { depth: 10 }),
};

test.each(Object.keys(printed))('a secret does not show in %s', (way) => {
  expectNoCanary(printed[way]?.() ?? '', way);
});

test('a secret does not show on the console or in a log line', () => {
  let text = '';
  const sink = new Writable({
    write(chunk, _, done) {
      text += chunk;
      done();
    },
  });
  const terminal = new Console(sink);
  terminal.log(secret, nested, failure);
  terminal.dir(nested, { depth: 10, showHidden: true });
  terminal.table([{ secret }]);
  const log = createLog('trace', { write: (line) => (text += line) });
  log.error({ secret, nested, err: failure, deep: { list: [secret] } }, `told ${secret}`);
  log.info(secret, 'told');
  log.info(failure);

  expect(text).toContain('[secret]');
  expectNoCanary(text, 'what was printed');
});

test.each([
  'throw secret',
  "throw new Error('of the test', { cause: secret })",
  "throw Object.assign(new Error('of the test'), { secret, list: [{ secret }] })",
  'Promise.reject(secret)',
  "process.emitWarning('of the test', { detail: `${secret}` }); throw secret",
])('a secret does not show in what Node.js writes of a process that ends so: %s', async (end) => {
  const source = new URL('../src/secret.ts', import.meta.url);
  const value = JSON.stringify(CLIENT_SECRET);
  const script = `import { Secret } from ${JSON.stringify(source)}; const secret = new Secret(JSON.parse(process.env.S)); ${end}`;
  const written = await new Promise<string>((resolve) => {
    execFile(process.execPath, ['--input-type=module', '-e', script], { env: { S: value } }, (_, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  expect(written).toMatch(/\[secret\]|Secret \{\}|\[object Object\]/);
  expectNoCanary(written, 'crash output');
});

test('only reveal gives a secret out', () => {
  expect(secret.reveal()).toBe(CLIENT_SECRET);
});

async function secretFile(content: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-secret-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'secret');
  await writeFile(path, content);
  return path;
}

test.each([
  ['a', 'a'],
  ['a\n', 'a'],
  ['a\r\n', 'a'],
  ['a\n\n', 'a\n'],
  [' a \n', ' a '],
  ['a\nb\n', 'a\nb'],
  [`${CLIENT_SECRET}\n`, CLIENT_SECRET],
])('a file with %j holds the secret %j', async (content, value) => {
  expect((await fileSecret(await secretFile(content)).read()).reveal()).toBe(value);
});

test('a secret file is read anew each time', async () => {
  const path = await secretFile('old\n');
  const source = fileSecret(path);
  expect((await source.read()).reveal()).toBe('old');

  await writeFile(`${path}.new`, 'new\n');
  await rename(`${path}.new`, path);

  expect((await source.read()).reveal()).toBe('new');
});

test.each(['', '\n'])('a secret file that holds %j holds none; the message names the file', async (content) => {
  const path = await secretFile(content);

  await expect(fileSecret(path).read()).rejects.toThrow(path);
});

test('a secret file that is not there: the message names it', async () => {
  const path = `${await secretFile('a')}.gone`;

  await expect(fileSecret(path).read()).rejects.toThrow(path);
});

/** Time passes until the file is read, and the reading is over. */
async function untilRead(clock: MovedClock, ms: number): Promise<void> {
  const over = clock.timerSet();
  clock.advance(ms);
  await over;
}

test('a watched file is read every 5 s; what cannot be read leaves the last good one', async () => {
  const path = await secretFile('old');
  const clock = new MovedClock();
  const watched = await watchSecret(fileSecret(path), clock);
  onTestFinished(() => watched.stop());
  await writeFile(path, '');
  await untilRead(clock, 5000);
  expect(watched.current()?.reveal()).toBe('old');

  await writeFile(path, 'new');
  clock.advance(4999);
  expect(watched.current()?.reveal()).toBe('old');
  await untilRead(clock, 1);
  expect(watched.current()?.reveal()).toBe('new');
});

test('why a watched file gives no secret is told once, and so is that it gives one again', async () => {
  const path = await secretFile('old');
  const clock = new MovedClock();
  const told: (string | undefined)[] = [];
  const watched = await watchSecret(fileSecret(path), clock, (trouble) => told.push(trouble));
  onTestFinished(() => watched.stop());
  for (const content of ['old', '', '', 'new', 'newer', '']) {
    await writeFile(path, content);
    await untilRead(clock, 5000);
  }

  const empty = `the secret file ${path} is empty`;
  expect(told).toEqual([empty, undefined, empty]);
});

test('a file whose secret is none of those that are wanted is told of by its name, without what it holds', async () => {
  const path = await secretFile('canary of no use');
  const read = fileSecret(path, (value) => (value.includes(' ') ? 'holds a space' : undefined)).read();

  await expect(read).rejects.toThrow(new Error(`the secret file ${path} holds a space`));
});

test('a watched secret that cannot be read at first is told at once', async () => {
  const path = await secretFile('');

  await expect(watchSecret(fileSecret(path), new MovedClock())).rejects.toThrow(path);
});

test('a secret of the config is not watched, and none is none', async () => {
  const clock = new MovedClock();

  expect((await watchSecret(fixedSecret('x'), clock)).current()?.reveal()).toBe('x');
  expect((await watchSecret(undefined, clock)).current()).toBeUndefined();
  expect(clock.waiting).toBe(0);
});

test('stopped while it reads, a watch sets no timer behind', async () => {
  const clock = new MovedClock();
  const { promise: read, resolve } = Promise.withResolvers<Secret>();
  let readings = 0;
  const source = {
    rotates: true,
    read: () => (readings++ === 0 ? Promise.resolve(new Secret('old')) : read),
  };
  const watched = await watchSecret(source, clock);
  clock.advance(5000);
  watched.stop();
  resolve(new Secret('new'));
  await read;
  await Promise.resolve();

  expect(clock.waiting).toBe(0);
});

test('what is no ordinary file is refused at once: reading it could wait for ever', async () => {
  await expect(fileSecret('/dev/zero').read()).rejects.toThrow('/dev/zero is no ordinary file');
});

test('a file that is too large for a secret is not read; the message names it and nothing of it', async () => {
  const path = await secretFile('x'.repeat(65_537));
  const read = fileSecret(path).read();

  await expect(read).rejects.toThrow(RangeError);
  await expect(read).rejects.toThrow(new RegExp(`${path}[^x]*$`));
  expect((await fileSecret(await secretFile('x'.repeat(65_536))).read()).reveal()).toHaveLength(65_536);
});
