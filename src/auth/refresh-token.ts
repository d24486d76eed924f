import { Failure } from '../errors.ts';
import { Secret } from '../secret.ts';
import { type OAuthGrantOptions, oauthGrant } from './oauth-grant.ts';
import type { NamedSecret } from './shown-secrets.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';
import { textIn } from './token-response.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface RefreshTokenOptions extends OAuthGrantOptions {
  readonly response: OAuthGrantOptions['response'] & { readonly refreshToken: readonly string[] };
}

/** Where the refresh token of one credential is kept, across restarts. */
export interface RefreshTokenKeeper {
  /** The current one. Rejects when it cannot be had. */
  read(): Promise<Secret>;
  /**
   * Keeps `next` for good in the place of `spent` before it resolves. Where another than `spent` is current, somebody
   * has put a newer one there, and that one stays. Rejects when it cannot be kept.
   */
  replace(spent: Secret, next: Secret): Promise<void>;
}

/** RFC 6749 appendix A.17, so long as a file or a store may well hold it. */
const REFRESH_TOKEN = /^[\x20-\x7e]{1,16384}$/;
/** Who reads has a deadline of his own. */
const never = new AbortController().signal;

/** The refresh token grant (RFC 6749 §6). A refresh token that the server rotates is kept before the access token is used. */
export function refreshToken(
  options: RefreshTokenOptions,
  keeper: RefreshTokenKeeper,
  context: TokenSupplyContext,
): TokenSupply {
  let spent: Secret | undefined;
  /** What the server gave and could not be kept yet: the only one that it still takes. */
  let unkept: { readonly spent: Secret; readonly next: Secret } | undefined;

  const keepNow = async (): Promise<void> => {
    if (unkept === undefined) return;
    await keeper.replace(unkept.spent, unkept.next);
    unkept = undefined;
  };
  /** One attempt at a time, which goes on behind the deadline. */
  let keeping: Promise<void> | undefined;
  const keep = async (deadline: AbortSignal): Promise<void> => {
    keeping ??= keepNow().finally(() => {
      keeping = undefined;
    });
    await unlessAborted(keeping, deadline).catch((cause) => {
      throw new Failure('token_unavailable', 'the new refresh token cannot be kept', { cause });
    });
  };
  const secret: NamedSecret = {
    name: 'refresh token',
    rotates: true,
    async read() {
      await keep(never);
      return keeper.read();
    },
  };
  return oauthGrant(
    options,
    {
      type: 'refresh_token',
      secrets: [secret],
      async parameters({ read }) {
        const current = await read(secret);
        spent = new Secret(current);
        return [['refreshToken', current]];
      },
      async answered(answer, deadline) {
        const next = textIn(answer, options.response.refreshToken);
        if (spent === undefined || next === undefined || next === spent.reveal()) return;
        if (!REFRESH_TOKEN.test(next))
          throw new Failure('token_invalid', "the token endpoint's answer cannot be used: its refresh token is none");
        unkept = { spent, next: new Secret(next) };
        await keep(deadline);
      },
    },
    context,
  );
}
