import { Failure } from '../errors.ts';
import type { Secret, SecretSource } from '../secret.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';
import { type TokenEndpointOptions, tokenEndpoint } from './token-endpoint.ts';
import { type TokenRequestOptions, tokenRequest } from './token-request.ts';
import { type TokenResponseOptions, tokenFrom } from './token-response.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface ClientCredentialsOptions extends TokenRequestOptions, TokenResponseOptions, TokenEndpointOptions {
  readonly clientSecret: SecretSource;
  readonly request: TokenRequestOptions['request'] & TokenEndpointOptions['request'];
}

/** The client credentials grant (RFC 6749 §4.4): build the request, send it, check the answer. */
export function clientCredentials(options: ClientCredentialsOptions, context: TokenSupplyContext): TokenSupply {
  const endpoint = tokenEndpoint(options);
  const { clientSecret } = options;
  const { clock } = context;
  let shown: Secret | undefined;

  /** For all of it, the file of a secret included: on real time, as what is waited for is outside. */
  const deadline = (): AbortSignal => AbortSignal.timeout(options.request.timeout);

  return {
    close: endpoint.close,
    secretChanged: clientSecret.rotates
      ? () =>
          read(clientSecret, deadline()).then(
            (secret) => secret.reveal() !== shown?.reveal(),
            () => false,
          )
      : undefined,
    async requestToken() {
      const late = deadline();
      shown = await read(clientSecret, late);
      const began = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
      const answer = await endpoint.send(tokenRequest(options, shown), late);
      return tokenFrom(answer, options, { ...context, began });
    },
  };
}

async function read(source: SecretSource, deadline: AbortSignal): Promise<Secret> {
  try {
    return await unlessAborted(source.read(), deadline);
  } catch (cause) {
    throw new Failure('token_unavailable', 'the client secret cannot be read', { cause });
  }
}
