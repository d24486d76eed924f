/** File systems that hang: a token request is given up in time, and no second reading is begun beside one that hangs. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { refreshToken } from '../../src/auth/refresh-token.ts';
import type { RefreshTokenKeeper } from '../../src/auth/rotation.ts';
import { ShownSecrets } from '../../src/auth/shown-secrets.ts';
import { systemClock } from '../../src/clock.ts';
import { Secret } from '../../src/secret.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialOf } from './credential.ts';
import { codeOf } from './source.ts';

/** What hangs until the test says so, and how often it was begun. */
function hanging<T>() {
  const { promise, resolve } = Promise.withResolvers<T>();
  const { promise: onBegin, resolve: hasBegun } = Promise.withResolvers<void>();
  let begun = 0;
  const begin = (): Promise<T> => {
    begun += 1;
    hasBegun();
    return promise;
  };
  return { begin, end: resolve, begun: () => begun, onBegin };
}

const context = { clock: systemClock, random: () => 0, newId: () => 'id', env: {}, warn: () => {} };

test('a reading of a secret that does not end is not begun a second time', async () => {
  const { begin, end, begun } = hanging<Secret>();
  const source = { name: 'client secret', rotates: true, read: begin };
  const secrets = new ShownSecrets([source]);
  const over = AbortSignal.abort();
  expect(await codeOf(secrets.read(source, over))).toBe('token_unavailable');
  expect(await codeOf(secrets.read(source, over))).toBe('token_unavailable');
  expect(await secrets.changed(over)).toBe(false);
  expect(begun()).toBe(1);

  end(new Secret('canary'));
  const open = new AbortController().signal;
  expect(await secrets.read(source, open)).toBe('canary');
  await secrets.read(source, open);
  expect(begun()).toBe(2);
});

test('a refresh token that cannot be kept in time is kept later, by the one attempt that was begun', async () => {
  const provider = await startIdentityProvider();
  provider.answerOnce({ body: { access_token: 'canary-token-1', refresh_token: 'canary-refresh-1' } });
  const { begin, end, begun, onBegin } = hanging<void>();
  let kept = 'canary-refresh-0';
  const keeper: RefreshTokenKeeper = {
    read: async () => new Secret(kept),
    reserve: async () => () => {},
    async replace(_, next) {
      await begin();
      kept = next.reveal();
    },
  };
  const given = credentialOf({ tokenUrl: provider.url });
  const options = { ...given, response: { ...given.response, refreshToken: ['refresh_token'] } };
  let late = new AbortController();
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => late.signal);
  onTestFinished(() => void vi.restoreAllMocks());
  const supply = refreshToken(options, keeper, context);
  onTestFinished(() => supply.close());
  const first = codeOf(supply.requestToken());
  await onBegin;
  late.abort();
  expect(await first).toBe('token_unavailable');
  late = new AbortController();
  const second = codeOf(supply.requestToken());
  late.abort();
  expect(await second).toBe('token_unavailable');
  expect([provider.requests.length, begun()]).toEqual([1, 1]);

  late = new AbortController();
  end();
  await supply.requestToken();
  const shown = provider.requests.map(({ body }) => new URLSearchParams(body).get('refreshToken'));
  expect(shown).toEqual(['canary-refresh-0', 'canary-refresh-1']);
});
