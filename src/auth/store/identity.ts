import { createHash, createHmac, hkdfSync } from 'node:crypto';
import type { SecretSource } from '../../secret.ts';

/** A credential as the config has it. */
export interface CredentialOptions {
  readonly type: string;
}

/**
 * What does not decide which token is got: where it goes, who waits for it, and what proves that we are who we say.
 * A secret that was rotated on one machine and not yet on the other is the same client's.
 */
const indifferent: ReadonlySet<string> = new Set([
  ...['clientSecret', 'privateKey', 'password', 'refreshTokenFile'],
  ...['provider', 'required', 'inject', 'request.timeout', 'tls.ca', 'tls.key'],
]);

/** Texts that may hold a secret, by their beginning. */
const confidential = ['request.headers.', 'request.params.', 'request.query.'];

/**
 * The name of a credential's token among all that share a store: SHA-256 over everything that decides which token it
 * is (type, URL, client, authentication, scope, audience, parameters, the client's certificate, what its answer means
 * and how long it lives …), whatever the credential is called. Options that nobody thought of here are part of it: at
 * worst a token is not shared. What may be a secret (a refresh token, an assertion, a parameter) goes in as an HMAC,
 * so that whoever reads the name cannot try out guesses.
 */
export async function identityOf(options: CredentialOptions, encryptionKey: Buffer): Promise<string> {
  const hidden = (text: string): string => hiddenName(text, encryptionKey);
  const facts = await factsOf(options, { path: '', hidden });
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64url');
}

/** A name for a secret, which nobody without the encryption key can hold guesses against. */
export function hiddenName(secret: string, encryptionKey: Buffer): string {
  const key = Buffer.from(hkdfSync('sha256', encryptionKey, '', 'bearerway names', 32));
  return createHmac('sha256', key).update(secret).digest('base64url');
}

interface Walk {
  /** Where in the credential: `request.params.x`. */
  readonly path: string;
  readonly hidden: (text: string) => string;
}

/** In one order, however the config spells it. */
async function factsOf(value: unknown, { path, hidden }: Walk): Promise<unknown> {
  if (typeof value === 'string') return confidential.some((start) => path.startsWith(start)) ? hidden(value) : value;
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (isSecretSource(value)) return hidden((await value.read()).reveal());
  if (Array.isArray(value)) return Promise.all(value.map((item) => factsOf(item, { path, hidden })));
  const facts: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const place = path === '' ? name : `${path}.${name}`;
    if (member === undefined || indifferent.has(place)) continue;
    facts.push([name, await factsOf(member, { path: place, hidden })]);
  }
  return facts;
}

function isSecretSource(value: object): value is SecretSource {
  return 'read' in value && typeof value.read === 'function';
}
