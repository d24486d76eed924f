/**
 * The four providers as their own pages describe them: what a token request must be, and what answers it. Data only;
 * `token-request.ts` holds a request against an entry, `imitation.ts` answers by it.
 */
import { alphanumericToken, jwt, opaqueToken, type TokenText } from './token-text.ts';

/** The names of the members of a token answer. */
export type AnswerForm = 'camelCase' | 'rfc6749';

export interface Provider {
  /** Below the provider's prefix; a trailing slash is part of it. */
  readonly tokenPath: string;
  readonly request: TokenRequestRules;
  readonly answer: TokenAnswerRules;
}

export interface TokenRequestRules {
  /** Query parameters that the page puts into the endpoint's URL. */
  readonly query: Readonly<Record<string, string>>;
  /** Header fields, lower-cased, and the member each must have. */
  readonly headers: Readonly<Record<string, string>>;
  readonly mediaType: 'application/json' | 'application/x-www-form-urlencoded';
  /** Where the client names itself: HTTP Basic, or these fields of the body. */
  readonly client: 'basic' | { readonly id: string; readonly secret: string };
  /** Fields of the body whose value is always the same. */
  readonly fixed: Readonly<Partial<Record<FixedField, string>>>;
  /** Fields of OAuth that this provider's request does not have. */
  readonly foreign: readonly FixedField[];
}

export type FixedField = 'grant_type' | 'scope';

export interface TokenAnswerRules {
  /** The first is what it answers unless told otherwise. */
  readonly forms: readonly [AnswerForm, ...AnswerForm[]];
  readonly lifetimeMs: number;
  readonly scope: string | undefined;
  readonly token: TokenText;
}

const HOUR_MS = 3_600_000;
const clientFields = { id: 'client_id', secret: 'client_secret' };

export const providers = {
  nitro: {
    tokenPath: '/oauth/token',
    request: {
      query: {},
      headers: {},
      mediaType: 'application/json',
      client: { id: 'clientID', secret: 'clientSecret' },
      fixed: {},
      foreign: ['grant_type'],
    },
    // Its OpenAPI says `oneOf` of the two forms, its guide shows the first.
    answer: { forms: ['camelCase', 'rfc6749'], lifetimeMs: 24 * HOUR_MS, scope: undefined, token: jwt('HS384', 48) },
  },
  podero: {
    tokenPath: '/oauth2/token/',
    request: {
      query: {},
      headers: { 'cache-control': 'no-cache' },
      mediaType: 'application/json',
      client: 'basic',
      fixed: { grant_type: 'client_credentials' },
      foreign: [],
    },
    answer: { forms: ['rfc6749'], lifetimeMs: 10 * HOUR_MS, scope: 'read write', token: alphanumericToken(30) },
  },
  optty: {
    tokenPath: '/token',
    request: {
      query: { expires_in: '1' },
      headers: {},
      mediaType: 'application/x-www-form-urlencoded',
      client: clientFields,
      fixed: { grant_type: 'client_credentials', scope: 'api-user' },
      foreign: [],
    },
    answer: { forms: ['rfc6749'], lifetimeMs: 24 * HOUR_MS, scope: 'api-user', token: jwt('HS256', 32) },
  },
  spotnana: {
    tokenPath: '/v2/auth/oauth2-token',
    request: {
      query: {},
      headers: {},
      mediaType: 'application/x-www-form-urlencoded',
      client: clientFields,
      fixed: { grant_type: 'client_credentials' },
      foreign: [],
    },
    answer: { forms: ['rfc6749'], lifetimeMs: HOUR_MS, scope: undefined, token: opaqueToken(48) },
  },
} as const satisfies Record<string, Provider>;

export interface GrantedToken {
  readonly text: string;
  readonly lifetimeMs: number;
  readonly scope: string | undefined;
}

/** The body of the answer to a right token request. */
export function tokenAnswer(form: AnswerForm, { text, lifetimeMs, scope }: GrantedToken) {
  const seconds = lifetimeMs / 1000;
  if (form === 'camelCase') return { accessToken: text, tokenType: 'Bearer', expiresIn: seconds };
  return { access_token: text, expires_in: seconds, token_type: 'Bearer', scope };
}
