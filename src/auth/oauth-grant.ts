/** One token request of any grant: who asks (client authentication), where (a token endpoint), with what (the grant). */
import { type ClientAuthOptions, clientAuth } from './client-auth.ts';
import { Discovery } from './discovery.ts';
import { type NamedSecret, ShownSecrets } from './shown-secrets.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';
import { type TokenEndpointOptions, tokenEndpoint } from './token-endpoint.ts';
import { type Parameter, type TokenRequestOptions, tokenRequest } from './token-request.ts';
import { type TokenResponse, type TokenResponseOptions, tokenFrom } from './token-response.ts';

export interface OAuthGrantOptions
  extends ClientAuthOptions,
    TokenRequestOptions,
    TokenResponseOptions,
    TokenEndpointOptions {
  /** One of the two is there. */
  readonly tokenUrl?: string | undefined;
  readonly issuer?: string | undefined;
  readonly request: TokenRequestOptions['request'] & TokenEndpointOptions['request'];
}

/** What a grant has to be told for one token request. */
export interface GrantContext {
  readonly tokenUrl: string;
  readonly wallMs: number;
  readonly newId: () => string;
  /** A secret as it is now. */
  readonly read: (secret: NamedSecret) => Promise<string>;
}

/** What makes one grant of OAuth 2 different from the others. */
export interface Grant {
  /** The value of `grant_type`. */
  readonly type: string;
  /** What it shows besides the client's own. */
  readonly secrets: readonly NamedSecret[];
  parameters(context: GrantContext): Promise<readonly Parameter[]>;
  /** Before the token of an answer is looked at. Rejects with a Failure: the token is not used. */
  answered?(answer: TokenResponse, deadline: AbortSignal): Promise<void>;
}

export function oauthGrant(options: OAuthGrantOptions, grant: Grant, context: TokenSupplyContext): TokenSupply {
  const { clock, newId } = context;
  const endpoint = tokenEndpoint(options, context.egress);
  const client = clientAuth(options);
  const secrets = new ShownSecrets([...client.secrets, ...grant.secrets]);
  const { issuer, tokenUrl = '' } = options;
  const discovery = issuer && new Discovery({ issuer, mutualTls: options.clientAuth === 'tls' }, endpoint, clock);

  /** For all of it, the file of a secret included: on real time, as what is waited for is outside. */
  const deadline = (): AbortSignal => AbortSignal.timeout(options.request.timeout);

  const ask = async (url: string, late: AbortSignal) => {
    const read = (secret: NamedSecret): Promise<string> => secrets.read(secret, late);
    const about = { tokenUrl: url, wallMs: clock.wallMs(), newId, read };
    const parts = {
      url,
      grantType: grant.type,
      client: await client.proof(about),
      grant: await grant.parameters(about),
    };
    const began = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
    const answer = await endpoint.send(tokenRequest(options, parts), late);
    context.heard?.(answer);
    return { answer, began };
  };

  /** As an endpoint that has moved answers 404, its server is asked again where it is. */
  const askWhereItIs = async (late: AbortSignal): ReturnType<typeof ask> => {
    if (!discovery) return ask(tokenUrl, late);
    const url = await discovery.tokenUrl(late);
    const asked = await ask(url, late);
    if (asked.answer.status !== 404) return asked;
    discovery.forget();
    const moved = await discovery.tokenUrl(late);
    return moved === url ? asked : ask(moved, late);
  };

  return {
    close: endpoint.close,
    secretChanged: secrets.fixed ? undefined : () => secrets.changed(deadline()),
    async requestToken() {
      const late = deadline();
      const { answer, began } = await askWhereItIs(late);
      await grant.answered?.(answer, late);
      return tokenFrom(answer, options, { ...context, began });
    },
  };
}
