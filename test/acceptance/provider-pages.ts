/**
 * What each provider's page says of its token request and its answer: an entry here for each one in
 * `src/config/providers.ts`, written from the page alone, and never from what the proxy sends.
 */
import type { ProviderName } from '../../src/config/providers.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../support/canary.ts';

export interface ProviderPage {
  /** Keys of the credential besides `provider`, `baseUrl`, `clientId` and `clientSecret`: as the page's own example has them. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Path and query, below a base URL whose path is `/base`. */
  readonly target: string;
  /** All fields that are not every HTTP client's own to choose. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** All parameters. */
  readonly body: Readonly<Record<string, string>>;
  /** Its answers, in each of the forms that they may have. */
  readonly answers: readonly Answer[];
}

interface Answer {
  readonly members: Readonly<Record<string, unknown>>;
  readonly token: string;
  /** Seconds. */
  readonly lifetimeS: number;
}

const json = { 'content-type': ['application/json'] };
const form = { 'content-type': ['application/x-www-form-urlencoded'] };
const granted = { grant_type: 'client_credentials' };
const inBody = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET, ...granted };
const bare = { authorization: [`Basic ${base64(`${CLIENT_ID}:${CLIENT_SECRET}`)}`] };
/** RFC 6749 §2.3.1; encodeURIComponent leaves the same characters of these alone. */
const encoded = { authorization: [`Basic ${base64(`${CLIENT_ID}:${encodeURIComponent(CLIENT_SECRET)}`)}`] };

export const providerPages: Readonly<Record<ProviderName, ProviderPage>> = {
  nitro: {
    target: '/base/oauth/token',
    headers: json,
    body: { clientID: CLIENT_ID, clientSecret: CLIENT_SECRET },
    answers: [
      {
        members: { accessToken: 'canary-token-camel', tokenType: 'Bearer', expiresIn: 86_400 },
        token: 'canary-token-camel',
        lifetimeS: 86_400,
      },
      rfc6749(86_400),
    ],
  },
  podero: {
    target: '/base/oauth2/token/',
    headers: { ...json, ...bare, 'cache-control': ['no-cache'] },
    body: granted,
    answers: [rfc6749(36_000, { scope: 'read write' })],
  },
  optty: {
    target: '/base/token?expires_in=1',
    headers: form,
    body: { ...inBody, scope: 'api-user' },
    answers: [rfc6749(86_400, { scope: 'api-user' })],
  },
  spotnana: { target: '/base/v2/auth/oauth2-token', headers: form, body: inBody, answers: [rfc6749(3600)] },
  auth0: {
    config: { audience: 'https://api.example.com' },
    target: '/base/oauth/token',
    headers: form,
    body: { ...inBody, audience: 'https://api.example.com' },
    answers: [rfc6749(86_400)],
  },
  entra: {
    config: { scope: 'https://graph.microsoft.com/.default' },
    target: '/base/oauth2/v2.0/token',
    headers: form,
    body: { ...inBody, scope: 'https://graph.microsoft.com/.default' },
    answers: [rfc6749(3599)],
  },
  okta: {
    config: { scope: ['customScope'] },
    target: '/base/v1/token',
    headers: { ...form, ...bare },
    body: { ...granted, scope: 'customScope' },
    answers: [rfc6749(3600, { scope: 'customScope' })],
  },
  keycloak: {
    target: '/base/protocol/openid-connect/token',
    headers: { ...form, ...encoded },
    body: granted,
    answers: [rfc6749(60, { scope: 'email profile', 'not-before-policy': 0 })],
  },
};

function rfc6749(lifetimeS: number, more: Readonly<Record<string, unknown>> = {}): Answer {
  const token = 'canary-token-rfc.6749_x~';
  return { members: { access_token: token, token_type: 'Bearer', expires_in: lifetimeS, ...more }, token, lifetimeS };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
