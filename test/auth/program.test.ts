import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { outputOf, type Program } from '../../src/auth/program.ts';
import { Failure } from '../../src/errors.ts';

const forEver = new AbortController().signal;

function shell(script: string, more: Partial<Program> = {}, ...args: string[]): Program {
  const command = ['/bin/sh', '-c', script, 'sh', ...args];
  return { command, folder: tmpdir(), env: process.env, timeout: 600_000, ...more };
}

async function failureOf(program: Program, cut = forEver): Promise<Failure> {
  const thrown = await outputOf(program, cut).catch((error: unknown) => error);
  if (!(thrown instanceof Failure)) throw new Error('it did not fail as it should', { cause: thrown });
  return thrown;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-program-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

interface Lifeline {
  readonly path: string;
  /** Something was written. */
  readonly begun: Promise<unknown>;
  /** Nobody holds it open any more. */
  readonly over: Promise<unknown>;
}

/** A pipe that a program and all that it starts hold open, until the last of them is dead. */
async function lifeline(): Promise<Lifeline> {
  const path = join(await temporaryFolder(), 'lifeline');
  execFileSync('mkfifo', [path]);
  const pipe = createReadStream(path);
  return { path, begun: once(pipe, 'data'), over: once(pipe, 'end') };
}

/** Starts another program and waits for it, both for longer than any test; says so on the pipe that is named. */
const FAMILY = 'exec 3>"$1"; sleep 100000 & echo begun >&3; sleep 100000';

test('it gets its arguments as they are: no shell looks at them', async () => {
  const odd = ['$HOME', '`id`', '; ls', '*', "it's", '', 'a\nb', 'ä'];
  const command = [process.execPath, '-p', 'JSON.stringify(process.argv.slice(1))', '--', ...odd];

  expect(JSON.parse(await outputOf(shell('', { command }), forEver))).toEqual(odd);
});

test('it runs in its folder, with its environment alone, and nothing to read', async () => {
  const folder = await temporaryFolder();
  const env = { PATH: process.env['PATH'], GIVEN: 'here' };
  const output = await outputOf(shell('pwd -P; cat; echo "$GIVEN-$HOME-"', { folder, env }), forEver);

  expect(output.split('\n').slice(-2)).toEqual(['here--', '']);
  expect(output).toContain(folder);
});

test('it is gone when its output is there: no zombie', async () => {
  const pid = Number(await outputOf(shell('echo $$'), forEver));

  expect(pid).toBeGreaterThan(1);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test.each<[string, string, string, RegExp]>([
  ['ends with another exit code than 0', 'echo token; echo secret >&2; exit 7', 'token_unavailable', /exit code 7/],
  ['is ended by a signal', 'kill -SEGV $$', 'token_unavailable', /ended by SIGSEGV/],
  ['writes without end', 'while :; do echo secret secret secret; done', 'token_invalid', /more than 262144 bytes/],
])('a program that %s', async (_, script, code, detail) => {
  const failure = await failureOf(shell(script));

  expect(failure).toMatchObject({ code, detail: expect.stringMatching(detail) });
  expect(`${failure.detail}${failure.cause}`).not.toContain('secret');
});

test('256 KiB are not too much', async () => {
  expect(await outputOf(shell('head -c 262144 /dev/zero'), forEver)).toHaveLength(262_144);
  expect((await failureOf(shell('head -c 262145 /dev/zero'))).code).toBe('token_invalid');
});

test.each<[string, string]>([
  ['does not end', 'sleep 100000'],
  ['ends, but leaves something behind that holds its output', 'sleep 100000 & echo token'],
  ['is deaf to signals that can be ignored', 'trap "" TERM INT HUP; sleep 100000'],
])('a program that %s is given up when its time is over', async (_, script) => {
  expect(await failureOf(shell(script, { timeout: 50 }))).toMatchObject({
    code: 'token_unavailable',
    detail: expect.stringMatching(/within 50 ms/),
  });
});

test('what is cut off ends with its children', async () => {
  const { path, begun, over } = await lifeline();
  const cutting = new AbortController();
  const failing = failureOf(shell(FAMILY, {}, path), cutting.signal);
  await begun;
  cutting.abort();

  expect((await failing).code).toBe('token_unavailable');
  await over;
});

test('nothing is started any more once it is cut off', async () => {
  const folder = await temporaryFolder();

  expect((await failureOf(shell('echo > begun', { folder }), AbortSignal.abort())).code).toBe('token_unavailable');
  await expect(outputOf(shell('ls', { folder }), forEver)).resolves.toBe('');
});

test('a process that ends at once takes its programs and their children with it', async () => {
  const { path, begun, over } = await lifeline();
  const source = pathToFileURL(join(import.meta.dirname, '../../src/auth/program.ts')).href;
  const script = `import { outputOf } from ${JSON.stringify(source)};
    process.stdin.once('data', () => process.exit(0));
    await outputOf(${JSON.stringify(shell(FAMILY, { env: {} }, path))}, new AbortController().signal);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  await begun;
  parent.stdin.write('end');

  await over;
});

test('a program that is not there, or may not be executed, is told with what to do', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'plain'), '#!/bin/sh\n', { mode: 0o600 });

  expect(await failureOf(shell('', { command: ['no-such-program-anywhere'] }))).toMatchObject({
    code: 'token_unavailable',
    detail: expect.stringMatching(/there is none of that name.*PATH/),
  });
  expect((await failureOf(shell('', { command: [join(folder, 'plain')] }))).detail).toMatch(/chmod \+x/);
  expect((await failureOf(shell('', { command: ['/bin/sh', '\0'] }))).code).toBe('token_unavailable');
  expect((await failureOf(shell('', { command: ['/bin/echo', 'x'.repeat(10_000_000)] }))).code).toBe(
    'token_unavailable',
  );
});
