import { Agent, type Dispatcher, request } from 'undici';
import type { TlsIdentity } from '../client-tls.ts';
import { Egress } from '../egress.ts';
import { Failure } from '../errors.ts';
import { connector } from './connector.ts';
import type { TokenRequest } from './token-request.ts';
import type { TokenResponse } from './token-response.ts';

export interface TokenEndpointOptions {
  /** Towards the authorization server. */
  readonly tls: TlsIdentity;
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
export function tokenEndpoint(
  { tls, request: { timeout } }: TokenEndpointOptions,
  egress = Egress.direct,
): TokenEndpoint {
  const closing = new AbortController();
  const connect = connector({ egress, tls: egress.tls(tls), timeout, closed: closing.signal });
  const dispatcher = new Agent({ allowH2: false, connections: 2, connect });
  const ask = (url: string, who: string, options: Omit<RequestOptions, 'dispatcher'>): Promise<TokenResponse> => {
    const way = egress.proxyFor(url) === undefined ? '' : ', by way of the egress proxy';
    return exchange(url, { ...options, dispatcher }, { who, way });
  };
  return {
    send: ({ url, headers, body }, signal) => ask(url, 'the token endpoint', { method: 'POST', headers, body, signal }),
    get: (url, signal) => ask(url, 'the issuer', { method: 'GET', headers: getHeaders, signal }),
    close() {
      closing.abort();
      return dispatcher.destroy();
    },
  };
}

const getHeaders = { accept: 'application/json', 'user-agent': 'bearerway' };

type RequestOptions = Pick<Dispatcher.RequestOptions, 'method' | 'headers' | 'body'> & {
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
};

/** How it is told. */
interface Named {
  readonly who: string;
  /** What is to be said of the way there. */
  readonly way: string;
}

async function exchange(url: string, options: RequestOptions, { who, way }: Named): Promise<TokenResponse> {
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
    if (cause instanceof Failure && cause.code === 'token_invalid') throw cause;
    const what = options.signal.aborted ? 'did not answer in time' : 'cannot be reached';
    // One of the way there says all that is to be known of it.
    const why = cause instanceof Failure ? `: ${cause.detail}` : way;
    throw new Failure('token_unavailable', `${who} ${what}${why}`, { cause });
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
