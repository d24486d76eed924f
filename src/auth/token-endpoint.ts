import { Agent, request } from 'undici';
import { Failure } from '../errors.ts';
import type { TokenRequest } from './token-request.ts';
import type { TokenResponse } from './token-response.ts';

export interface TokenEndpointOptions {
  /** PEM, towards the token endpoint. */
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
    async send({ url, headers, body }, deadline) {
      try {
        const answer = await request(url, { dispatcher, method: 'POST', headers, body, signal: deadline });
        const status = answer.statusCode;
        return {
          status,
          date: single(answer.headers['date']),
          retryAfter: single(answer.headers['retry-after']),
          // Its status says all that matters of an answer without a token, whatever becomes of its body.
          body: status < 300 ? await text(answer.body) : await text(answer.body).catch(() => ''),
        };
      } catch (cause) {
        if (cause instanceof Failure) throw cause;
        const what = deadline.aborted ? 'did not answer in time' : 'cannot be reached';
        throw new Failure('token_unavailable', `the token endpoint ${what}`, { cause });
      }
    },
    close: () => dispatcher.destroy(),
  };
}

async function text(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LARGEST_ANSWER)
      throw new Failure('token_invalid', `the token endpoint's answer is larger than ${LARGEST_ANSWER} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
