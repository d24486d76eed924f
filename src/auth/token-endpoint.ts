import { Agent, type Dispatcher, request } from 'undici';
import { Failure } from '../errors.ts';
import type { TokenRequest } from './token-request.ts';
import type { TokenResponse } from './token-response.ts';

export interface TokenEndpointOptions {
  /** PEM, towards the authorization server. */
  readonly tls: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
  };
  /** Milliseconds. */
  readonly request: { readonly timeout: number };
}

/** An answer larger than this is none. Bytes. */
const LARGEST_ANSWER = 262_144;

export interface TokenEndpoint {
  /** Rejects with a Failure: `token_unavailable` when there is no whole answer, `token_invalid` when one of success is too large. */
  send(token: TokenRequest, deadline: AbortSignal): Promise<TokenResponse>;
  /** A document of the server's, its issuer's; rejects as `send`. */
  get(url: string, deadline: AbortSignal): Promise<TokenResponse>;
  close(): Promise<void>;
}

/** The only place that talks to identity providers. Verifies TLS, follows no redirect, waits no longer than its deadline. */
export function tokenEndpoint({ tls, request: { timeout } }: TokenEndpointOptions): TokenEndpoint {
  const dispatcher = new Agent({
    allowH2: false,
    connections: 2,
    connect: { ...tls, timeout, rejectUnauthorized: true },
  });
  return {
    send: ({ url, headers, body }, signal) =>
      exchange(url, { dispatcher, method: 'POST', headers, body, signal }, 'the token endpoint'),
    get: (url, signal) => exchange(url, { dispatcher, method: 'GET', headers: getHeaders, signal }, 'the issuer'),
    close: () => dispatcher.destroy(),
  };
}

const getHeaders = { accept: 'application/json', 'user-agent': 'bearerway' };

type RequestOptions = Pick<Dispatcher.RequestOptions, 'method' | 'headers' | 'body'> & {
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
};

/** `who`, as it is told. */
async function exchange(url: string, options: RequestOptions, who: string): Promise<TokenResponse> {
  try {
    const answer = await request(url, options);
    const status = answer.statusCode;
    return {
      status,
      date: single(answer.headers['date']),
      retryAfter: single(answer.headers['retry-after']),
      // Its status says all that matters of an answer without a token, whatever becomes of its body.
      body: status < 300 ? await text(answer.body, who) : await text(answer.body, who).catch(() => ''),
    };
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    const what = options.signal.aborted ? 'did not answer in time' : 'cannot be reached';
    throw new Failure('token_unavailable', `${who} ${what}`, { cause });
  }
}

async function text(body: AsyncIterable<Buffer>, who: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LARGEST_ANSWER)
      throw new Failure('token_invalid', `${who}'s answer is larger than ${LARGEST_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
