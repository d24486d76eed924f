import { type Grant, type OAuthGrantOptions, oauthGrant } from './oauth-grant.ts';
import { type RefreshTokenKeeper, Rotation } from './rotation.ts';
import type { NamedSecret } from './shown-secrets.ts';
import type { Token, TokenSupply, TokenSupplyContext } from './token.ts';
import { textIn } from './token-response.ts';

export interface RefreshTokenOptions extends OAuthGrantOptions {
  readonly response: OAuthGrantOptions['response'] & { readonly refreshToken: readonly string[] };
}

/**
 * The refresh token grant (RFC 6749 §6). A refresh token that the server rotates is kept before the access token is
 * used, and nobody else in reach shows one whose successor is on its way. A token request that is cut may have spent one,
 * and its successor would be lost: so `close` waits for it.
 */
export function refreshToken(
  options: RefreshTokenOptions,
  keeper: RefreshTokenKeeper,
  context: TokenSupplyContext,
): TokenSupply {
  const rotation = new Rotation(keeper);
  const supply = oauthGrant(options, grantOf(rotation, options), context);
  const { timeout } = options.request;
  const closing = new AbortController();
  let underWay: Promise<void> = Promise.resolve();

  const ask = async (): Promise<Token> => {
    // Of the request's own time nothing is spent on waiting: one that is cut short may cost the refresh token.
    const release = await rotation.reserve(AbortSignal.any([closing.signal, AbortSignal.timeout(timeout)]));
    try {
      return await supply.requestToken();
    } finally {
      await release();
    }
  };
  return {
    ...supply,
    requestToken() {
      const asked = ask();
      underWay = Promise.allSettled([underWay, asked]).then(() => {});
      return asked;
    },
    async close() {
      closing.abort();
      await underWay;
      // Whoever comes next would show the spent one.
      await rotation.keep(AbortSignal.timeout(timeout)).catch(() => {});
      await supply.close();
    },
  };
}

function grantOf(rotation: Rotation, { response }: RefreshTokenOptions): Grant {
  const secret: NamedSecret = { name: 'refresh token', rotates: true, read: () => rotation.read() };
  return {
    type: 'refresh_token',
    secrets: [secret],
    async parameters({ read }) {
      const current = await read(secret);
      rotation.show(current);
      return [['refreshToken', current]];
    },
    async answered(answer, deadline) {
      const next = textIn(answer, response.refreshToken);
      if (next !== undefined) await rotation.become(next, deadline);
    },
  };
}
