/** What the tests send: each provider's token request as its page shows it, and the little around it. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts';

export const providerNames = ['nitro', 'podero', 'optty', 'spotnana'] as const;
export type ProviderName = (typeof providerNames)[number];

export interface Sent {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };

export const tokenRequests: Readonly<Record<ProviderName, Sent>> = {
  nitro: {
    path: '/nitro/oauth/token',
    method: 'POST',
    headers: json,
    body: '{"clientID": "sandbox", "clientSecret": "sandbox-secret"}',
  },
  podero: {
    path: '/podero/oauth2/token/',
    method: 'POST',
    headers: { ...json, authorization: basic('sandbox:sandbox-secret'), 'cache-control': 'no-cache' },
    body: '{"grant_type": "client_credentials"}',
  },
  optty: {
    path: '/optty/token?expires_in=1',
    method: 'POST',
    headers: form,
    body: 'client_id=sandbox&client_secret=sandbox-secret&grant_type=client_credentials&scope=api-user',
  },
  spotnana: {
    path: '/spotnana/v2/auth/oauth2-token',
    method: 'POST',
    headers: form,
    body: 'client_id=sandbox&client_secret=sandbox-secret&grant_type=client_credentials',
  },
};

export function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/** A sandbox on a free port, closed when the test is over. */
export async function sandboxFor(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({ port: 0, ...options });
  onTestFinished(() => sandbox.close());
  return sandbox;
}

export function send(sandbox: Sandbox, { path, method, headers, body }: Sent): Promise<Response> {
  return fetch(`${sandbox.url}${path}`, { method, headers, redirect: 'manual', ...(body !== undefined && { body }) });
}

/** The members that tests look at one by one. */
export interface Members {
  readonly accessToken?: unknown;
  readonly access_token?: unknown;
  readonly error?: unknown;
  readonly accepted?: object;
  readonly tokenNumber?: unknown;
  readonly apiStatus?: unknown;
}

export async function members(response: Response): Promise<Members> {
  // All of them are optional, so that any JSON object fits.
  return (await response.json()) as Members;
}

export async function newToken(sandbox: Sandbox, provider: ProviderName): Promise<string> {
  const { accessToken, access_token } = await members(await send(sandbox, tokenRequests[provider]));
  return String(accessToken ?? access_token);
}

/** Calls a provider's API with a token. */
export function call(sandbox: Sandbox, path: string, token: string): Promise<Response> {
  return fetch(`${sandbox.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

export function order(sandbox: Sandbox, provider: string, faults: unknown): Promise<Response> {
  return fetch(`${sandbox.url}/_sandbox/${provider}`, { method: 'POST', body: JSON.stringify(faults) });
}

export async function state(sandbox: Sandbox, provider: string): Promise<Members> {
  return members(await fetch(`${sandbox.url}/_sandbox/${provider}`));
}

/** Sends the lines of a head, and a body, as they are; resolves with all that came back once the server closes. */
export function raw(sandbox: Sandbox, head: readonly string[], body = ''): Promise<string> {
  const socket = connect(sandbox.port, '127.0.0.1');
  socket.write(`${[...head, 'Host: sandbox', 'Connection: close', '', ''].join('\r\n')}${body}`, 'latin1');
  return text(socket);
}
