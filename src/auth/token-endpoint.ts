import type { TlsIdentity } from '../client-tls.ts';
import { systemClock } from '../clock.ts';
import { Egress } from '../egress.ts';
import { asFailure, Failure } from '../errors.ts';
import type { OutboundRequest } from '../exchange.ts';
import { Fields } from '../fields.ts';
import { destinationOf } from '../http1/destination.ts';
import { Pool } from '../http1/pool.ts';
import { LARGEST_ANSWER, ShortAnswer, wholeBody } from './short-exchange.ts';
import type { TokenRequest } from './token-request.ts';
import type { TokenResponse } from './token-response.ts';

export interface TokenEndpointOptions {
  /** Towards the authorization server. */
  readonly tls: TlsIdentity;
  /** Milliseconds. */
  readonly request: { readonly timeout: number };
}

export interface TokenEndpoint {
  /** Rejects with a Failure: `token_unavailable` when there is no whole answer, `token_invalid` when one of success is too large. */
  send(token: TokenRequest, deadline: AbortSignal): Promise<TokenResponse>;
  /** A document of the server's, its issuer's; rejects as `send`. */
  get(url: string, deadline: AbortSignal): Promise<TokenResponse>;
  close(): Promise<void>;
}

/** The only place that talks to identity providers. Verifies TLS, follows no redirect, waits no longer than its deadline. */
export function tokenEndpoint(options: TokenEndpointOptions, egress = Egress.direct): TokenEndpoint {
  const pools = new OriginPools(options, egress);
  const ask = (url: string, who: string, given: Omit<Question, 'url' | 'who' | 'way' | 'pool'>) => {
    const { origin } = new URL(url);
    const way = egress.proxyFor(origin) === undefined ? '' : ', by way of the egress proxy';
    return exchange({ ...given, url, who, way, pool: pools.of(origin) });
  };
  return {
    send: ({ url, headers, body }, signal) => ask(url, 'the token endpoint', { method: 'POST', headers, body, signal }),
    get: (url, signal) => ask(url, 'the issuer', { method: 'GET', headers: getHeaders, signal }),
    close: async () => pools.close(),
  };
}

const getHeaders = { accept: 'application/json', 'user-agent': 'bearerway' };

/** A token endpoint and its issuer's documents may be in two places. */
class OriginPools {
  readonly #pools = new Map<string, Pool>();
  readonly #options: TokenEndpointOptions;
  readonly #egress: Egress;

  constructor(options: TokenEndpointOptions, egress: Egress) {
    this.#options = options;
    this.#egress = egress;
  }

  of(origin: string): Pool {
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      const { tls, request } = this.#options;
      const timeouts = { connect: request.timeout, headers: request.timeout, idle: request.timeout };
      const destination = destinationOf(origin, { egress: this.#egress, tls });
      // On real time, as what is waited for is outside.
      pool = new Pool({ destination, authority: new URL(origin).host, timeouts, connections: 2 }, systemClock);
      this.#pools.set(origin, pool);
    }
    return pool;
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
  }
}

interface Question {
  readonly pool: Pool;
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** How the server is told of. */
  readonly who: string;
  /** What is to be said of the way there. */
  readonly way: string;
}

async function exchange(question: Question): Promise<TokenResponse> {
  const { pool, signal, who } = question;
  const answer = new ShortAnswer(signal);
  pool.send(outbound(question), answer, signal);
  const { status, fields } = await answer.began.catch((thrown) => {
    throw unavailable(asFailure(thrown), question);
  });
  const [date, retryAfter, contentType] = ['date', 'retry-after', 'content-type'].map((name) => fields.get(name));
  const told = { status, date, retryAfter, contentType };
  try {
    return { ...told, body: await answer.whole };
  } catch (thrown) {
    // Its status says all that matters of an answer without a token, whatever becomes of its body.
    if (status >= 300) return { ...told, body: '' };
    if (answer.tooLarge) throw new Failure('token_invalid', `${who}'s answer is larger than ${LARGEST_ANSWER} bytes`);
    throw unavailable(asFailure(thrown), question);
  }
}

function outbound({ url, method, headers, body }: Question): OutboundRequest {
  const { pathname, search } = new URL(url);
  return {
    method,
    target: `${pathname}${search}`,
    fields: new Fields(Object.entries(headers).flat()),
    body: body === undefined ? undefined : wholeBody(Buffer.from(body)),
  };
}

/** In words of a server that gives tokens: below, they are of APIs. */
function unavailable(failure: Failure, { who, way, signal }: Question): Failure {
  const { code, detail, topic } = failure;
  // Of the deadline's own words there is nothing to learn.
  const cause = failure.cause === signal.reason ? undefined : failure.cause;
  const told = (words: string, about = topic): Failure =>
    new Failure('token_unavailable', `${who} ${words}`, { cause, topic: about });
  if (signal.aborted || code === 'upstream_timeout') {
    const where = topic === undefined ? way : `: ${detail}`;
    return told(`did not answer in time${where}`, topic === 'egress proxy' ? topic : 'lateness');
  }
  // One of the way there says all that is to be known of it; and when there was too much to do, nobody was asked.
  if (topic !== undefined || code === 'overloaded') return told(`cannot be reached: ${detail}`);
  if (code === 'upstream_invalid') return told(`cannot be used: ${detail}`);
  const why = code === 'upstream_tls' ? ': its identity could not be verified, or TLS with it failed' : '';
  return told(`cannot be reached${why}${way}`);
}
