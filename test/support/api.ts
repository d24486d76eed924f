import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import type { IdentityProvider } from './identity-provider.ts';
import { closing, listening } from './server.ts';

/** A request as an API saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** Name, value, name, value, … */
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly bodySha256: string;
  readonly bodyLength: number;
}

/** Answers one request itself. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

/** An API on a real port. It accepts what the identity provider says is a current token, or anything without one. */
export class Api {
  readonly url: string;
  /** Those that arrived whole. */
  readonly requests: SeenRequest[] = [];
  readonly #provider: IdentityProvider | undefined;
  #once: Behaviour[] = [];
  #always: Behaviour | undefined;
  #receiving = 0;
  #awaited: { readonly bytes: number; readonly resolve: () => void }[] = [];

  constructor(url: string, provider: IdentityProvider | undefined) {
    this.url = url;
    this.#provider = provider;
  }

  /** The next request is refused with a 401, once it has arrived whole. */
  rejectOnce(): void {
    this.#once.push(whenWhole(refuse));
  }

  /** Every request is, from now on. */
  rejectAlways(): void {
    this.#always = whenWhole(refuse);
  }

  behaveOnce(behaviour: Behaviour): void {
    this.#once.push(behaviour);
  }

  behave(behaviour: Behaviour | undefined): void {
    this.#always = behaviour;
  }

  /** Resolves when so many bytes of the newest request's body have come in. */
  received(bytes: number): Promise<void> {
    if (this.#receiving >= bytes) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.push({ bytes, resolve }));
  }

  serve(request: IncomingMessage, response: ServerResponse): void {
    const hash = createHash('sha256');
    let bodyLength = 0;
    this.#receiving = 0;
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      bodyLength += chunk.length;
      this.#receiving = bodyLength;
      for (const { bytes, resolve } of this.#awaited) if (bodyLength >= bytes) resolve();
    });
    request.on('error', () => {});
    request.on('end', () => {
      const { method = '', url = '', rawHeaders, headers } = request;
      this.requests.push({ method, url, rawHeaders, headers, bodyLength, bodySha256: hash.digest('hex') });
    });
    (this.#once.shift() ?? this.#always ?? whenWhole((_, answer) => this.#answer(request, answer)))(request, response);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1];
    if (this.#provider !== undefined && (token === undefined || !this.#provider.accepts(token))) {
      refuse(request, response);
      return;
    }
    const { method, url, headers } = request;
    const seen = this.requests.at(-1);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        method,
        url,
        headers: { ...headers, authorization: undefined },
        bodySha256: seen?.bodySha256,
        bodyLength: seen?.bodyLength,
      }),
    );
  }
}

function refuse(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"', 'content-type': 'text/plain' });
  response.end('who are you?');
}

/** Answers when the whole request has come in. */
export function whenWhole(behaviour: Behaviour): Behaviour {
  return (request, response) => {
    request.on('end', () => behaviour(request, response));
    request.resume();
  };
}

export async function startApi(provider?: IdentityProvider): Promise<Api> {
  const server = createServer((request, response) => api.serve(request, response));
  const api = new Api(`http://127.0.0.1:${await listening(server)}`, provider);
  onTestFinished(() => closing(server));
  return api;
}
