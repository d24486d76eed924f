import { Failure } from '../errors.ts';
import type { SecretSource } from '../secret.ts';
import { serviceAccount } from '../service-account.ts';
import { keySigner } from './client-auth.ts';
import { type GrantContext, type OAuthGrantOptions, oauthGrant } from './oauth-grant.ts';
import { named } from './shown-secrets.ts';
import { signedAssertion } from './signed-assertion.ts';
import type { TokenSupply, TokenSupplyContext } from './token.ts';

export interface JwtBearerOptions extends OAuthGrantOptions {
  /** A whole one; else it is signed with the service account's key, else with the private key. */
  readonly assertion?: SecretSource | undefined;
  /** A key file as JSON. */
  readonly serviceAccount?: SecretSource | undefined;
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** An assertion as authorization grant: RFC 7523 §2.1. */
export function jwtBearer(options: JwtBearerOptions, context: TokenSupplyContext): TokenSupply {
  const { source, assertion } = maker(options);
  return oauthGrant(
    // A service account's scope is a claim, as Google has it.
    options.serviceAccount === undefined ? options : { ...options, scope: undefined },
    {
      type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      secrets: [source],
      parameters: async (about) => [['assertion', await assertion(await about.read(source), about)]],
    },
    context,
  );
}

interface Maker {
  readonly source: ReturnType<typeof named>;
  /** From what the source holds. */
  assertion(secret: string, about: GrantContext): string | Promise<string>;
}

function maker(options: JwtBearerOptions): Maker {
  const { claims, clientId, algorithm, keyId, scope } = options;
  if (options.assertion !== undefined)
    return { source: named('assertion', options.assertion), assertion: (secret) => secret };
  if (options.serviceAccount !== undefined) {
    return {
      source: named("service account's key file", options.serviceAccount),
      assertion: (secret, about) => {
        const { email, privateKey, privateKeyId } = accountIn(secret);
        const signer = keySigner(privateKey, { algorithm: 'RS256', keyId: privateKeyId });
        return signed({ iss: email, scope: scope?.join(' '), ...claims }, signer, about);
      },
    };
  }
  if (options.privateKey === undefined) throw new Error('nothing makes the assertion, and no rule said so');
  return {
    source: named('private key', options.privateKey),
    assertion: (secret, about) => signed({ iss: clientId, ...claims }, keySigner(secret, { algorithm, keyId }), about),
  };
}

function signed(
  claims: Readonly<Record<string, unknown>>,
  signer: ReturnType<typeof keySigner>,
  { tokenUrl, wallMs, newId }: GrantContext,
): Promise<string> {
  return signedAssertion({ aud: tokenUrl, ...claims }, signer, { wallMs, id: newId() });
}

function accountIn(text: string): ReturnType<typeof serviceAccount> {
  try {
    return serviceAccount(text);
  } catch (cause) {
    throw new Failure('token_unavailable', "the service account's key file cannot be used", { cause });
  }
}
