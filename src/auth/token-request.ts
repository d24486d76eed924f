import type { Secret } from '../secret.ts';

/** How a client authenticates and asks for a token: RFC 6749 §4.4 with the variations that providers have. */
export interface TokenRequestOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientAuth: 'basic' | 'post';
  /** `form`: id and secret are form-encoded before base64, as RFC 6749 §2.3.1 says; `raw`: they are not. */
  readonly basicEncoding: 'form' | 'raw';
  readonly scope?: readonly string[] | undefined;
  readonly audience?: string | undefined;
  readonly request: {
    readonly format: 'form' | 'json';
    readonly headers: Readonly<Record<string, string>>;
    readonly params: Readonly<Record<string, string>>;
    readonly query: Readonly<Record<string, string>>;
    /** The names of the parameters; null leaves one out. */
    readonly fields: Readonly<Record<'clientId' | 'clientSecret' | 'grantType' | 'scope' | 'audience', string | null>>;
  };
}

/** A token request, ready to be sent as a POST. */
export interface TokenRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Builds the request; does no I/O. */
export function tokenRequest(options: TokenRequestOptions, clientSecret: Secret): TokenRequest {
  const { tokenUrl, clientAuth, request } = options;
  const parameters = bodyParameters(options, clientSecret);
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': request.format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
    'user-agent': 'bearerway',
  };
  if (clientAuth === 'basic') headers['authorization'] = basic(options, clientSecret);
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  return {
    url: withQuery(tokenUrl, request.query),
    headers,
    body: request.format === 'json' ? JSON.stringify(parameters) : new URLSearchParams(parameters).toString(),
  };
}

function bodyParameters(
  { clientId, clientAuth, scope, audience, request }: TokenRequestOptions,
  secret: Secret,
): Record<string, string> {
  const { fields, params } = request;
  const parameters: Record<string, string> = {};
  const add = (name: string | null, value: string | undefined): void => {
    if (name !== null && value !== undefined) parameters[name] = value;
  };
  add(fields.grantType, 'client_credentials');
  if (clientAuth === 'post') {
    add(fields.clientId, clientId);
    add(fields.clientSecret, secret.reveal());
  }
  add(fields.scope, scope?.join(' '));
  add(fields.audience, audience);
  return { ...parameters, ...params };
}

function basic({ clientId, basicEncoding }: TokenRequestOptions, secret: Secret): string {
  const encode = basicEncoding === 'form' ? formEncoded : (text: string): string => text;
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret.reveal())}`).toString('base64')}`;
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

function withQuery(url: string, query: Readonly<Record<string, string>>): string {
  const added = new URLSearchParams(query).toString();
  if (added === '') return url;
  return `${url}${url.includes('?') ? '&' : '?'}${added}`;
}
