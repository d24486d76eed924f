/** What commands write for people and their scripts, when it goes into a pipe. */
import { spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { Output } from '../../src/cli/output.ts';
import { MovedClock } from '../support/clock.ts';
import { Command, configFile, main } from './command.ts';

/** In a shell, whose pipes hold 64 KiB; the exit code goes to standard error. */
function inShell(line: string, words: readonly string[]): Command {
  const child = spawn('sh', ['-c', line, process.execPath, main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return new Command(child);
}

test('a pipe gets the whole of the schema', async () => {
  const { stdout, stderr } = await inShell('{ "$0" "$@"; echo $? >&2; } | cat', ['schema']).ended;
  expect(stderr).toBe('0\n');
  expect(stdout.length).toBeGreaterThan(65_536);
  expect(JSON.parse(stdout)).toMatchObject({ title: expect.any(String) });
});

test('a pipe gets the whole route table', async () => {
  const routes = Array.from({ length: 2000 }, (_, i) => ({ prefix: `/r${i}`, upstream: 'https://api.example.com' }));
  const words = ['routes', '-c', await configFile({ routes })];
  const { stdout, stderr } = await inShell('{ "$0" "$@"; echo $? >&2; } | cat', words).ended;
  expect(stderr).toBe('0\n');
  expect(stdout.trimEnd().split('\n')).toHaveLength(2000);
});

test('a pipe gets every fault of a config', async () => {
  const unknown = Array.from({ length: 1500 }, (_, i) => [`unknown${i}`, 1]);
  const words = ['check', '-c', await configFile(Object.fromEntries(unknown))];
  const { stdout, stderr } = await inShell('{ "$0" "$@" 2>&1 >/dev/null; echo $? >&2; } | cat', words).ended;
  expect(stderr).toBe('2\n');
  expect(stdout.length).toBeGreaterThan(65_536);
  expect(stdout.split('\n').filter((line) => /\bunknown\d/.test(line)).length).toBeGreaterThanOrEqual(1500);
});

test('a reader that has had enough ends nothing in a crash', async () => {
  const { stdout, stderr } = await inShell('{ "$0" "$@"; echo $? >&2; } | head -c 10', ['schema']).ended;
  expect({ length: stdout.length, stderr }).toEqual({ length: 10, stderr: '0\n' });
});

test('a reader that never reads holds up the end for a minute, and no longer', async () => {
  const clock = new MovedClock();
  const stream = new Writable({ write() {} });
  const output = new Output(stream, clock);
  stream.write('something');
  let over = false;
  const taken = output.taken().then(() => {
    over = true;
  });
  clock.advance(59_999);
  await Promise.resolve();
  expect(over).toBe(false);

  clock.advance(1);
  await taken;
  expect(clock.waiting).toBe(0);
});

test('where all has been taken nothing is waited for', async () => {
  const clock = new MovedClock();
  const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = new Output(stream, clock);
  stream.write('something');
  await output.taken();
  expect(clock.waiting).toBe(0);
});

test('where the reader has gone nothing is waited for', async () => {
  const clock = new MovedClock();
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const output = new Output(stream, clock);
  stream.write('something');
  await output.taken();
  await output.taken();
  expect(clock.waiting).toBe(0);
});
