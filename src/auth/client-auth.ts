/** How a client proves to a token endpoint who it is: RFC 6749 §2.3, RFC 7523 §2.2, RFC 8705 §2. */
import { Failure } from '../errors.ts';
import type { SecretSource } from '../secret.ts';
import { signingKey } from '../signing-key.ts';
import { type NamedSecret, named } from './shown-secrets.ts';
import { type Signer, signedAssertion } from './signed-assertion.ts';
import type { TokenRequestParts } from './token-request.ts';

export interface ClientAuthOptions {
  /** Left out: there is no client to be known. */
  readonly clientId?: string | undefined;
  readonly clientAuth: 'basic' | 'post' | 'client_secret_jwt' | 'private_key_jwt' | 'tls' | 'none';
  /** `form`: id and secret are form-encoded before base64, as RFC 6749 §2.3.1 says; `raw`: they are not. */
  readonly basicEncoding: 'form' | 'raw';
  readonly clientSecret?: SecretSource | undefined;
  /** PEM or JWK. */
  readonly privateKey?: SecretSource | undefined;
  readonly keyId?: string | undefined;
  readonly algorithm?: string | undefined;
  /** Left out: the token endpoint. */
  readonly clientAssertionAudience?: string | undefined;
}

export interface ProofContext {
  readonly tokenUrl: string;
  readonly wallMs: number;
  readonly newId: () => string;
  readonly read: (secret: NamedSecret) => Promise<string>;
}

export type ClientProof = TokenRequestParts['client'];

export interface ClientAuth {
  /** What it shows. */
  readonly secrets: readonly NamedSecret[];
  /** For one token request. Rejects with a Failure. */
  proof(context: ProofContext): Promise<ClientProof>;
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export function clientAuth(options: ClientAuthOptions): ClientAuth {
  const { clientId, clientAuth: style } = options;
  const clientSecret = options.clientSecret && named('client secret', options.clientSecret);
  const privateKey = options.privateKey && named('private key', options.privateKey);
  if (clientId === undefined) return { secrets: [], proof: async () => ({ parameters: [] }) };
  if (clientSecret !== undefined && (style === 'basic' || style === 'post')) {
    return {
      secrets: [clientSecret],
      proof: async ({ read }) => withSecret(clientId, await read(clientSecret), options),
    };
  }
  if (clientSecret !== undefined && style === 'client_secret_jwt') {
    const signer = (secret: string): Signer => ({
      algorithm: options.algorithm?.startsWith('HS') === true ? options.algorithm : 'HS256',
      key: Buffer.from(secret),
    });
    return {
      secrets: [clientSecret],
      proof: async (context) =>
        withAssertion(clientId, signer(await context.read(clientSecret)), { ...options, ...context }),
    };
  }
  if (privateKey !== undefined && style === 'private_key_jwt') {
    return {
      secrets: [privateKey],
      proof: async (context) =>
        withAssertion(clientId, keySigner(await context.read(privateKey), options), { ...options, ...context }),
    };
  }
  return { secrets: [], proof: async () => ({ parameters: [['clientId', clientId]] }) };
}

function withSecret(
  clientId: string,
  secret: string,
  { clientAuth: style, basicEncoding }: ClientAuthOptions,
): ClientProof {
  if (style === 'post')
    return {
      parameters: [
        ['clientId', clientId],
        ['clientSecret', secret],
      ],
    };
  const encode = basicEncoding === 'form' ? formEncoded : (text: string): string => text;
  const pair = Buffer.from(`${encode(clientId)}:${encode(secret)}`);
  return { authorization: `Basic ${pair.toString('base64')}`, parameters: [] };
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

async function withAssertion(
  clientId: string,
  signer: Signer,
  {
    clientAssertionAudience,
    tokenUrl,
    wallMs,
    newId,
  }: ProofContext & Pick<ClientAuthOptions, 'clientAssertionAudience'>,
): Promise<ClientProof> {
  const claims = { iss: clientId, sub: clientId, aud: clientAssertionAudience ?? tokenUrl };
  const assertion = await signedAssertion(claims, signer, { wallMs, id: newId() });
  // Servers that look a client up before they look at its assertion want its id as well (RFC 7521 §4.2 lets it be there).
  return {
    parameters: [
      ['clientId', clientId],
      ['client_assertion_type', ASSERTION_TYPE],
      ['client_assertion', assertion],
    ],
  };
}

/** Of a key that was right when the config was read, and may have become another. Throws a Failure. */
export function keySigner(
  text: string,
  { algorithm, keyId }: { readonly algorithm?: string | undefined; readonly keyId?: string | undefined },
): Signer {
  try {
    const found = signingKey(text, algorithm);
    return { algorithm: found.algorithm, key: found.key, keyId: keyId ?? found.keyId };
  } catch (cause) {
    throw new Failure('token_unavailable', 'the private key cannot be used', { cause });
  }
}
