/** A credential whose token a program writes. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { expectNoCanary, TOKEN_PREFIX } from '../support/canary.ts';
import { changedFile, setGivenStage } from './given.ts';
import { jwt } from './response.ts';

/** The moment at which a MovedClock begins, epoch seconds. */
const NOW_S = Date.UTC(2026, 10, 21) / 1000;
const TOKEN = `${TOKEN_PREFIX}of-a-program`;

/** A whole proxy whose program is a script of the shell. */
function begin(script: string, more: Readonly<Record<string, unknown>> = {}) {
  return setGivenStage({ type: 'command', command: ['/bin/sh', '-c', script], ...more });
}

/** A whole proxy whose program writes what a file holds, and notes in another that it ran. */
async function beginWith(output: string | undefined, more: Readonly<Record<string, unknown>> = {}) {
  const file = await changedFile(output);
  const stage = await begin(`echo ran >> "${file.path}.runs"; cat "${file.path}"`, more);
  const runs = async (): Promise<number> => (await readFile(`${file.path}.runs`, 'utf8')).split('\n').length - 1;
  return { ...stage, file, runs };
}

function execCredential(status: unknown, kind = 'ExecCredential'): string {
  return JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind, status }, null, 2);
}

const inMinutes = (minutes: number) => new Date((NOW_S + 60 * minutes) * 1000).toISOString();

test.each<[string, string, number]>([
  ['a bare token', TOKEN, 300],
  ['a bare token in a line', `${TOKEN}\n`, 300],
  ['a bare token with space around', `\r\n  ${TOKEN}\r\n\r\n`, 300],
  ['an ExecCredential', execCredential({ token: TOKEN }), 300],
  ['one with its time', execCredential({ token: TOKEN, expirationTimestamp: inMinutes(15) }), 900],
  ['one with no time', execCredential({ token: TOKEN, expirationTimestamp: null }), 300],
  ['one with nonsense for a time', execCredential({ token: TOKEN, expirationTimestamp: 'soon' }), 300],
  [
    'one that lives beyond lifetime.max',
    execCredential({ token: TOKEN, expirationTimestamp: inMinutes(9999) }),
    86_400,
  ],
])('%s is sent, and lives as long as it says', async (_, output, lifetimeS) => {
  const { proxy, seen } = await beginWith(output);

  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(seen()).toEqual([`Bearer ${TOKEN}`]);
  expect(proxy.log).toContainEqual(expect.objectContaining({ msg: 'token obtained', lifetimeS }));
});

test('a JWT that is written bare lives as long as its exp says', async () => {
  const { proxy } = await beginWith(jwt({ exp: NOW_S + 1200, sub: TOKEN }));
  await proxy.told(/token obtained/);

  expect(proxy.log).toContainEqual(expect.objectContaining({ lifetimeS: 1200 }));
});

test('one that says it has expired is used for a second, with a warning', async () => {
  const { proxy } = await beginWith(execCredential({ token: TOKEN, expirationTimestamp: inMinutes(-1) }));

  expect((await proxy.call('/api/x')).status).toBe(200);
  expect(proxy.log).toContainEqual(expect.objectContaining({ level: 'warn', msg: expect.stringMatching(/expired/) }));
});

test.each<[string, string, RegExp]>([
  ['nothing', '', /wrote nothing/],
  ['an empty line', '\n', /wrote nothing/],
  ['two lines', `${TOKEN}\n${TOKEN}\n`, /more than one line/],
  ['a sentence', `Your token is ${TOKEN}`, /has a space/],
  ['what no header takes', `${TOKEN}ä`, /may not stand in a header/],
  ['a token beyond every header', TOKEN.repeat(1000), /longer than 16384/],
  ['half of JSON', execCredential({ token: TOKEN }).slice(0, -5), /begins like JSON/],
  ['JSON of another kind', JSON.stringify({ access_token: TOKEN }), /no ExecCredential/],
  ['a list', JSON.stringify([TOKEN]), /no ExecCredential/],
  ['a token in quotes', JSON.stringify(TOKEN), /no ExecCredential.*without quotes/],
  ['an ExecCredential of another kind', execCredential({ token: TOKEN }, 'Status'), /no ExecCredential/],
  ['one without a status', execCredential(undefined), /without status.token/],
  ['one with a certificate alone', execCredential({ clientCertificateData: TOKEN }), /without status.token/],
  ['one with a number for a token', execCredential({ token: 7 }), /without status.token/],
  ['one with a token of two lines', execCredential({ token: `${TOKEN}\n${TOKEN}` }), /more than one line/],
])('%s cannot be used, and is not repeated', async (_, output, detail) => {
  const { proxy, api } = await beginWith(output);
  const reply = await proxy.call('/api/x');

  expect([reply.status, reply.json()]).toEqual([
    502,
    expect.objectContaining({ code: 'token_invalid', detail: expect.stringMatching(detail) }),
  ]);
  expectNoCanary(reply.text, 'the problem');
  expect(api.requests).toEqual([]);
});

test('a program that fails is let alone while we back off, and then run again without a request', async () => {
  const { file, clock, proxy, runs } = await beginWith(undefined);
  const reply = await proxy.call('/api/x');
  expect(reply.json()).toMatchObject({
    status: 503,
    code: 'token_unavailable',
    detail: expect.stringMatching(/exit code 1/),
  });
  expect(reply.headers['retry-after']).toBe('1');
  const before = await runs();
  expect((await proxy.call('/api/x')).status).toBe(503);
  expect(await runs()).toBe(before);

  await file.write(TOKEN);
  clock.advance(60_000);
  await proxy.told(/all is well again/);
  expect((await proxy.call('/api/x')).status).toBe(200);
});

test('what it says on standard error stays with it', async () => {
  const { proxy } = await begin(`echo ${TOKEN} >&2; exit 3`);

  expect((await proxy.call('/api/x')).json()['detail']).toBe(
    'credential main: the program ended with exit code 3 (run by hand it says why)',
  );
});

test('fifty requests at once, and fifty that are refused at once, run it once each', async () => {
  const { file, api, proxy, runs } = await beginWith(`${TOKEN}-1`);
  const fifty = () => Promise.all(Array.from({ length: 50 }, () => proxy.call('/api/x')));
  expect((await fifty()).filter(({ status }) => status === 200)).toHaveLength(50);
  expect(await runs()).toBe(1);

  await file.write(`${TOKEN}-2`);
  api.behave((request, response) => {
    request.resume();
    response.writeHead(request.headers.authorization?.endsWith('-2') ? 200 : 401).end();
  });
  expect((await fifty()).filter(({ status }) => status === 200)).toHaveLength(50);
  expect(await runs()).toBe(2);
});

test('it is run again ahead of the token’s end, while that is used', async () => {
  const { file, clock, proxy, seen } = await beginWith(`${TOKEN}-1`);
  await proxy.call('/api/x');
  await file.write(`${TOKEN}-2`);
  // It lives for five minutes: to be renewed a minute before its end, or up to 12 s later.
  clock.advance(252_000);
  await proxy.call('/api/x');
  while (!String(seen().at(-1)).endsWith('-2')) expect((await proxy.call('/api/x')).status).toBe(200);

  expect(new Set(seen())).toEqual(new Set([1, 2].map((number) => `Bearer ${TOKEN}-${number}`)));
});

test('it gets the environment of the proxy, what kubectl would tell it, and what the config adds', async () => {
  const { proxy, seen } = await begin(
    `echo "${TOKEN}.$GIVEN.$(test -n "$PATH" && echo path).$(echo "$KUBERNETES_EXEC_INFO" | tr -d '" {}')"`,
    { env: { GIVEN: 'added' } },
  );
  await proxy.call('/api/x');

  expect(seen()).toEqual([
    `Bearer ${TOKEN}.added.path.kind:ExecCredential,apiVersion:client.authentication.k8s.io/v1,spec:interactive:false`,
  ]);
});

test('what the config says of the environment stands over all else', async () => {
  const { proxy, seen } = await begin(`echo "${TOKEN}.$KUBERNETES_EXEC_INFO"`, {
    env: { KUBERNETES_EXEC_INFO: 'mine' },
  });
  await proxy.call('/api/x');

  expect(seen()).toEqual([`Bearer ${TOKEN}.mine`]);
});

test('at the end a program that runs is ended: nobody waits for it, and it is no news', async () => {
  const { proxy, clock } = await begin('exec sleep 100000');
  const call = proxy.call('/api/x').catch(() => undefined);
  const stopped = proxy.stop();
  // Its connection is taken by now, or not yet.
  clock.advance(0);
  await stopped;

  await call;
  expect(proxy.log.filter(({ level, msg }) => level === 'warn' && msg !== 'request')).toEqual([]);
});
