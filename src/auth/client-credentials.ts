import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Secret, SecretSource } from '../secret.ts';
import type { RequestToken } from './token.ts';
import { type TokenEndpointOptions, tokenEndpoint } from './token-endpoint.ts';
import { type TokenRequestOptions, tokenRequest } from './token-request.ts';
import { type TokenResponseOptions, tokenFrom } from './token-response.ts';

export interface ClientCredentialsOptions extends TokenRequestOptions, TokenResponseOptions, TokenEndpointOptions {
  readonly clientSecret: SecretSource;
  readonly request: TokenRequestOptions['request'] & TokenEndpointOptions['request'];
}

export interface ClientCredentialsContext {
  readonly clock: Clock;
  readonly random: () => number;
  /** Hears what is odd but can be lived with. */
  readonly warn: (message: string) => void;
}

export interface ClientCredentials {
  readonly requestToken: RequestToken;
  /** Whether the secret is another one now than was shown last; undefined when it stays the same for ever. */
  readonly secretChanged: (() => Promise<boolean>) | undefined;
  /** Drops its connections. */
  close(): Promise<void>;
}

/** The client credentials grant (RFC 6749 §4.4): build the request, send it, check the answer. */
export function clientCredentials(
  options: ClientCredentialsOptions,
  context: ClientCredentialsContext,
): ClientCredentials {
  const endpoint = tokenEndpoint(options);
  const { clientSecret } = options;
  let shown: Secret | undefined;
  const secretChanged = (): Promise<boolean> =>
    clientSecret.read().then(
      (secret) => secret.reveal() !== shown?.reveal(),
      () => false,
    );
  return {
    close: endpoint.close,
    secretChanged: clientSecret.rotates ? secretChanged : undefined,
    async requestToken() {
      const secret = await read(clientSecret);
      shown = secret;
      const began = { monotonicMs: context.clock.monotonicMs(), wallMs: context.clock.wallMs() };
      const answer = await endpoint.send(tokenRequest(options, secret));
      return tokenFrom(answer, options, { ...context, began });
    },
  };
}

async function read(source: SecretSource): Promise<Secret> {
  try {
    return await source.read();
  } catch (cause) {
    throw new Failure('token_unavailable', 'the client secret cannot be read', { cause });
  }
}
