/** Tokens, keys and passwords that stand in the config or in a file: nobody can be asked for a better one. */
import { expect, test } from 'vitest';
import { CLIENT_SECRET, TOKEN_PREFIX } from '../support/canary.ts';
import { changedFile, setGivenStage } from './given.ts';

const TOKEN = `${TOKEN_PREFIX}by-hand`;
const HOUR = 3_600_000;

test.each<[string, Readonly<Record<string, unknown>>, string, string]>([
  ['a static token', { type: 'static', token: TOKEN }, 'authorization', `Bearer ${TOKEN}`],
  [
    'a static token with a scheme of its own',
    { type: 'static', token: TOKEN, inject: { scheme: 'Token' } },
    'authorization',
    `Token ${TOKEN}`,
  ],
  ['an API key', { type: 'api_key', value: TOKEN, inject: { header: 'X-Api-Key' } }, 'x-api-key', TOKEN],
  [
    'an API key with spaces',
    { type: 'api_key', value: `${TOKEN} a  b`, inject: { header: 'X-Api-Key' } },
    'x-api-key',
    `${TOKEN} a  b`,
  ],
  [
    'an API key with a scheme',
    { type: 'api_key', value: TOKEN, inject: { header: 'Authorization', scheme: 'ApiKey' } },
    'authorization',
    `ApiKey ${TOKEN}`,
  ],
  [
    'name and password, in UTF-8',
    { type: 'basic', username: 'Ünal', password: CLIENT_SECRET },
    'authorization',
    `Basic ${Buffer.from(`Ünal:${CLIENT_SECRET}`, 'utf8').toString('base64')}`,
  ],
  [
    'the example of RFC 7617',
    { type: 'basic', username: 'Aladdin', password: 'open sesame' },
    'authorization',
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
  ],
  [
    'name and password in another field',
    { type: 'basic', username: 'Aladdin', password: 'open:sesame', inject: { header: 'X-Auth' } },
    'x-auth',
    `Basic ${Buffer.from('Aladdin:open:sesame').toString('base64')}`,
  ],
])('%s is put on every request, and the client’s own taken off', async (_, main, field, expected) => {
  const { api, proxy, seen } = await setGivenStage(main);

  expect((await proxy.call('/api/x', { headers: { [field]: 'mine' } })).status).toBe(200);
  expect(seen(field)).toEqual([expected]);
  expect(api.requests[0]?.rawHeaders).not.toContain('mine');
});

test('an API key goes into the query, whatever it is made of', async () => {
  const value = `${TOKEN} &=+#ä`;
  const { api, proxy } = await setGivenStage({ type: 'api_key', value, inject: { query: 'key' } });
  await proxy.call('/api/x?a=1&key=mine');

  expect(api.requests[0]?.url).toBe(`/x?a=1&key=${encodeURIComponent(value)}`);
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['a static token', { type: 'static', token: TOKEN }],
  ['an API key', { type: 'api_key', value: TOKEN, inject: { header: 'X-Api-Key' } }],
  ['a password', { type: 'basic', username: 'me', password: TOKEN }],
])('%s does not expire: not in ten years, and not by a clock that jumps', async (_, main) => {
  const { clock, proxy } = await setGivenStage(main);
  await proxy.told(/token obtained/);
  for (const move of [
    () => clock.jump(48 * HOUR),
    () => clock.jump(-96 * HOUR),
    () => clock.advance(24 * HOUR),
    () => clock.advance(10 * 365 * 24 * HOUR),
  ]) {
    move();
    expect((await proxy.call('/api/x')).status).toBe(200);
  }
  expect((await proxy.askAdmin('/readyz')).status).toBe(200);
  const lines = proxy.log.filter(({ credential, msg }) => credential === 'main' && msg !== 'request');
  expect(lines).toEqual([expect.not.objectContaining({ lifetimeS: expect.anything() })]);
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['a static token', { type: 'static', token: TOKEN }],
  ['an API key in the query', { type: 'api_key', value: TOKEN, inject: { query: 'key' } }],
  ['a password', { type: 'basic', username: 'me', password: TOKEN }],
])('%s that is refused: the 401 passes on, every time, and one line says so', async (_, main) => {
  const { api, clock, proxy } = await setGivenStage(main);
  api.rejectAlways();
  for (let tries = 1; tries <= 5; tries++) {
    const reply = await proxy.call('/api/x', { method: 'POST', body: 'x' });
    expect(reply).toMatchObject({ status: 401, text: 'who are you?' });
    expect(reply.headers['bearerway-retry']).toBe('skipped; reason=token-unavailable');
    expect(api.requests).toHaveLength(tries);
    clock.advance(HOUR);
  }
  const warnings = proxy.log.filter(({ level, msg }) => level === 'warn' && msg !== 'request');
  expect(warnings).toEqual([expect.objectContaining({ credential: 'main', msg: expect.stringMatching(/refuses/) })]);
  api.behave(undefined);
  expect((await proxy.call('/api/x')).status).toBe(200);
  expect((await proxy.askAdmin('/readyz')).status).toBe(200);
});

test.each<[string, (path: string) => Readonly<Record<string, unknown>>, (given: string) => string]>([
  ['a static token', (tokenFile) => ({ type: 'static', tokenFile }), (given) => `Bearer ${given}`],
  [
    'an API key',
    (valueFile) => ({ type: 'api_key', valueFile, inject: { header: 'Authorization' } }),
    (given) => given,
  ],
  [
    'a password',
    (passwordFile) => ({ type: 'basic', username: 'me', passwordFile }),
    (given) => `Basic ${Buffer.from(`me:${given}`).toString('base64')}`,
  ],
])('%s in a file that is refused is read again, and tried again if it is another one', async (_, spelt, field) => {
  const file = await changedFile(`${TOKEN}-1\n`);
  const { api, proxy, seen } = await setGivenStage(spelt(file.path));
  await proxy.told(/token obtained/);
  api.rejectOnce();
  expect((await proxy.call('/api/x')).headers['bearerway-retry']).toBe('skipped; reason=token-unavailable');
  expect(api.requests).toHaveLength(1);

  await file.write(`${TOKEN}-2\n`);
  api.rejectOnce();
  const reply = await proxy.call('/api/x', { method: 'PUT', body: 'x' });
  expect([reply.status, reply.headers['bearerway-retry']]).toEqual([200, 'done']);
  expect(seen()).toEqual([1, 1, 2].map((number) => field(`${TOKEN}-${number}`)));
});

test('a file that was rotated is in use within five seconds, without a refusal', async () => {
  const file = await changedFile(`${TOKEN}-1`);
  const { proxy, lookAgain, seen } = await setGivenStage({ type: 'static', tokenFile: file.path });
  await proxy.call('/api/x');
  await file.write(`${TOKEN}-2`);
  await lookAgain();
  await proxy.call('/api/x');

  expect(seen()).toEqual([`Bearer ${TOKEN}-1`, `Bearer ${TOKEN}-2`]);
});

test('a hundred that are refused at once read the file together, and are sent again with what it holds now', async () => {
  const file = await changedFile(`${TOKEN}-1`);
  const { api, proxy } = await setGivenStage({ type: 'static', tokenFile: file.path });
  await proxy.call('/api/first');
  await file.write(`${TOKEN}-2`);
  api.behave((request, response) => {
    request.resume();
    response.writeHead(request.headers.authorization?.endsWith('-2') ? 200 : 401).end();
  });

  const replies = await Promise.all(Array.from({ length: 100 }, () => proxy.call('/api/x')));
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(100);
});

test('a file that goes away leaves the token in use that was read before, and one line says so', async () => {
  const file = await changedFile(TOKEN);
  const { api, proxy, lookAgain } = await setGivenStage({ type: 'static', tokenFile: file.path });
  await proxy.call('/api/x');
  await file.remove();
  for (let looks = 0; looks < 5; looks++) await lookAgain();

  expect((await proxy.call('/api/x')).status).toBe(200);
  expect((await proxy.askAdmin('/readyz')).status).toBe(200);
  api.rejectOnce();
  expect((await proxy.call('/api/x')).status).toBe(401);
  const warnings = proxy.log.filter(({ level }) => level === 'warn');
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ error: 'token_unavailable', reason: expect.stringContaining(file.path) });

  await file.write(TOKEN);
  await lookAgain();
  await proxy.told(/all is well again/);
});
