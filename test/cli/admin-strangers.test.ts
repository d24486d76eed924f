/** What `status` and `refresh` make of whoever else listens on the admin port of their configuration. */
import { createServer } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { closing, listening } from '../support/server.ts';
import { anywhere, configFile } from './command.ts';
import { Console } from './console.ts';

/** It steers a terminal: its title by C0, its colour by C1. */
const STEERING = '\u001b]0;canary\u0007\u009b31m\u007f';

const route = {
  ...{ prefix: '/a', upstream: 'http://127.0.0.1:9', credential: 'main', requests: 1, errors: 0 },
  ...{ p50Ms: 1, p99Ms: null, perSecond: [{ requests: 1, errors: 0 }] },
};
const credential = {
  ...{ name: 'main', type: 'static', state: 'fresh', ageS: 1, lifetimeS: 2, refreshes: 1, failures: 1 },
  failure: { code: 'token_refused', detail: 'no', retryInS: 1 },
};
const whole = {
  ...{ version: '1.0.0', uptimeS: 1, ready: true, reasons: ['a'], notes: ['b'], listen: ['http://127.0.0.1:8080'] },
  ...{ inFlight: 0, routes: [route], credentials: [credential] },
  reload: { at: '2026-11-21', ok: false, error: 'faulty', failures: 1 },
};

/** What a command says when that is the answer. */
async function said(words: readonly string[], answer: string, status = 200) {
  // A new token is asked only of who has told its status.
  const isStatus = (method = '') => words[0] === 'refresh' && method === 'GET';
  const server = createServer(({ method }, response) =>
    isStatus(method) ? response.end(JSON.stringify(whole)) : response.writeHead(status).end(answer),
  );
  onTestFinished(() => closing(server));
  const file = await configFile({ ...anywhere, admin: { port: await listening(server) } });
  const console = new Console();
  const code = await runProgram([...words, '-c', file], console.process);
  return { code, stdout: console.stdout, stderr: console.stderr };
}

/** The same, each of its texts with something that steers behind it. */
function steering(value: unknown): unknown {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === 'string' ? `${each}${STEERING}` : each));
  return JSON.parse(text);
}

test('nothing of an answer steers the terminal', async () => {
  const { code, stdout } = await said(['status'], JSON.stringify(steering(whole)));
  expect(code).toBe(0);
  for (const shown of [
    '1.0.0',
    '  a',
    '  b',
    ':8080',
    '/a',
    ':9',
    'main',
    'static',
    'fresh',
    'token_refused',
    'no',
    'faulty',
  ])
    expect(stdout).toContain(`${shown}?]0;canary??31m?`);
  expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});

test('nor does it as JSON, which says all of it nevertheless', async () => {
  const told = { ...whole, more: STEERING, [STEERING]: 1 };
  const { code, stdout } = await said(['status', '--json'], JSON.stringify(told));
  expect(code).toBe(0);
  expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  expect(JSON.parse(stdout)).toEqual(told);
});

const deep = `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`;

test.each([
  ['nothing of a status', ['status'], '{}', 200],
  ['nothing of a status, for programs', ['status', '--json'], '{}', 200],
  ['half of a status', ['status'], JSON.stringify({ ...whole, routes: [{ prefix: 1 }] }), 200],
  ['a list', ['status'], '[]', 200],
  [
    'what is within itself for ever',
    ['status', '--json'],
    `${JSON.stringify(whole).slice(0, -1)},"deep":${deep}}`,
    200,
  ],
  ['a failure that is none of ours', ['status'], '{"code": {"toString": 1}, "detail": null}', 500],
  ['more than anybody reads', ['status'], `"${'x'.repeat(17_000_000)}"`, 200],
  ['nothing of a credential', ['refresh', 'main'], '{}', 200],
  ['a failure of somebody else', ['refresh', 'main'], '{"error": "no"}', 404],
])('%s is told as somebody else’s', async (_, words, answer, status) => {
  const { code, stdout, stderr } = await said(words, answer, status);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^bearerway: what listens on 127\.0\.0\.1:\d+ is no Bearerway, .*: its answer .*\.\n$/);
});

test('a problem is shown without what steers the terminal', async () => {
  const { code, stderr } = await said(['status'], JSON.stringify({ code: 'a', detail: STEERING }), 503);
  expect({ code, stderr }).toEqual({
    ...{ code: 1, stderr: 'bearerway: the proxy does not tell its status: a: ?]0;canary??31m?\n' },
  });
});
