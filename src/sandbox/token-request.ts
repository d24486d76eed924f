/**
 * Holds a token request against what the provider's page asks for. As strict as the page; parameters that it does not
 * know are ignored (RFC 6749 §3.2). No message repeats what was sent.
 */
import type { Fields } from '../fields.ts';
import { parseParameters } from './parameters.ts';
import type { FixedField, TokenRequestRules } from './providers.ts';

export interface Client {
  readonly id: string;
  readonly secret: string;
}

export interface PresentedTokenRequest {
  readonly method: string;
  readonly query: string;
  readonly fields: Fields;
  readonly body: Buffer;
}

export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'temporarily_unavailable'
  | 'server_error';

/** A refusal of a token request (RFC 6749 §5.2). The message becomes its `error_description`. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;

  constructor(code: OAuthErrorCode, description: string) {
    super(description);
    this.code = code;
  }

  get status(): number {
    return this.code === 'invalid_client' ? 401 : 400;
  }
}

const wrongValue = {
  grant_type: 'unsupported_grant_type',
  scope: 'invalid_scope',
} as const satisfies Record<FixedField, OAuthErrorCode>;

/** Throws an OAuthError unless the request is right and comes from that client. */
export function checkTokenRequest(rules: TokenRequestRules, request: PresentedTokenRequest, client: Client): void {
  checkHead(rules, request);
  const parameters = parseParameters(rules.mediaType, request.body);
  if (parameters instanceof Error) throw new OAuthError('invalid_request', parameters.message);
  const presented = presentedClient(rules, request.fields, parameters);
  for (const name of rules.foreign) {
    if (parameters.has(name)) throw new OAuthError('invalid_request', `there is no ${name} in this request`);
  }
  for (const [name, value] of entries(rules.fixed)) {
    if (required(parameters, name) !== value) throw new OAuthError(wrongValue[name], `the ${name} must be ${value}`);
  }
  if (presented.id !== client.id || presented.secret !== client.secret) {
    throw new OAuthError('invalid_client', 'the client is unknown, or its secret is wrong');
  }
}

/** Did the client try HTTP Basic? Then its refusal names that scheme (RFC 6749 §5.2). */
export function usesBasic(fields: Fields): boolean {
  return /^basic(?: |$)/i.test(fields.get('authorization') ?? '');
}

function checkHead(rules: TokenRequestRules, { method, query, fields }: PresentedTokenRequest): void {
  if (method !== 'POST') throw new OAuthError('invalid_request', 'the method must be POST');
  const mediaType = fields.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== rules.mediaType) {
    throw new OAuthError('invalid_request', `the Content-Type must be ${rules.mediaType}`);
  }
  const given = new URLSearchParams(query);
  for (const [name, value] of Object.entries(rules.query)) {
    if (given.getAll(name).join() !== value) {
      throw new OAuthError('invalid_request', `the query must have ${name}=${value}`);
    }
  }
  for (const [name, value] of Object.entries(rules.headers)) {
    if (!fields.tokens(name).includes(value)) {
      throw new OAuthError('invalid_request', `the header field ${name} must be ${value}`);
    }
  }
}

/** RFC 6749 §2.3: one way of authentication, and only the provider's own. */
function presentedClient(rules: TokenRequestRules, fields: Fields, parameters: ReadonlyMap<string, unknown>): Client {
  const twoWays = new OAuthError('invalid_request', 'the client authenticates in more than one way');
  if (rules.client === 'basic') {
    if (!usesBasic(fields)) throw new OAuthError('invalid_client', 'the client must authenticate by HTTP Basic');
    if (parameters.has('client_secret')) throw twoWays;
    return basicClient(fields);
  }
  const { id, secret } = rules.client;
  if (usesBasic(fields)) {
    if (parameters.has(secret)) throw twoWays;
    throw new OAuthError('invalid_client', `the client must authenticate by ${id} and ${secret} in the body`);
  }
  return { id: required(parameters, id), secret: required(parameters, secret) };
}

/** The bare strings, without the form encoding of RFC 6749 §2.3.1. */
function basicClient(fields: Fields): Client {
  const malformed = new OAuthError('invalid_client', 'the Basic credentials must be base64 of client_id:client_secret');
  const [, base64 = ''] = /^basic +(\S+)$/i.exec(fields.all('authorization').join()) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  // Buffer skips what is not base64.
  if (bytes.toString('base64') !== base64) throw malformed;
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw malformed;
  return { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** An empty value counts as left out (RFC 6749 §3.2). */
function required(parameters: ReadonlyMap<string, unknown>, name: string): string {
  const value = parameters.get(name);
  if (value === undefined || value === '') throw new OAuthError('invalid_request', `the ${name} is missing`);
  if (typeof value !== 'string') throw new OAuthError('invalid_request', `the ${name} must be a string`);
  return value;
}

function entries(fixed: TokenRequestRules['fixed']): [FixedField, string][] {
  // Object.entries forgets the type of the keys; these are the table's own.
  return Object.entries(fixed) as [FixedField, string][];
}
