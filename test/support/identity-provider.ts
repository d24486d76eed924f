import { createServer, type IncomingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';
import { TOKEN_PREFIX } from './canary.ts';
import { closing, listening } from './server.ts';

/** A token request as it came in. */
export interface SeenTokenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TokenAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is, if it is text. */
  readonly body?: unknown;
}

/** A token endpoint that does as it is told, on a real port. */
export class IdentityProvider {
  readonly url: string;
  readonly requests: SeenTokenRequest[] = [];
  /** In the order of their issue. */
  readonly issued: string[] = [];
  readonly #revoked = new Set<string>();
  #answers: TokenAnswer[] = [];
  #always: TokenAnswer | undefined;
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
  #awaited: { readonly count: number; readonly resolve: () => void }[] = [];
  expiresIn: unknown = 3600;
  /** Ends the connections that wait for a request. */
  readonly letGo: () => void;

  constructor(url: string, letGo: () => void) {
    this.url = url;
    this.letGo = letGo;
  }

  /** Answers wait from now on until `goOn`. */
  goSlow(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = { opened: promise, open: resolve };
  }

  goOn(): void {
    this.#gate?.open();
    this.#gate = undefined;
  }

  /** The next token request gets this instead of a token. */
  answerOnce(answer: TokenAnswer): void {
    this.#answers.push(answer);
  }

  /** Every token request gets this; undefined: tokens again. */
  answerAlways(answer: TokenAnswer | undefined): void {
    this.#always = answer;
  }

  /** All tokens issued so far are worth nothing. */
  revoke(): void {
    for (const token of this.issued) this.#revoked.add(token);
  }

  accepts(token: string): boolean {
    return this.issued.includes(token) && !this.#revoked.has(token);
  }

  /** Resolves when so many token requests have come in, in all. */
  requested(count: number): Promise<void> {
    if (this.requests.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.push({ count, resolve }));
  }

  async answer(request: SeenTokenRequest): Promise<Required<TokenAnswer>> {
    this.requests.push(request);
    for (const { count, resolve } of this.#awaited) if (this.requests.length >= count) resolve();
    await this.#gate?.opened;
    const told = this.#answers.shift() ?? this.#always;
    if (told !== undefined) return { status: told.status ?? 200, headers: told.headers ?? {}, body: told.body ?? '' };
    const token = `${TOKEN_PREFIX}${this.issued.length + 1}`;
    this.issued.push(token);
    return {
      status: 200,
      headers: {},
      body: { access_token: token, token_type: 'Bearer', expires_in: this.expiresIn },
    };
  }
}

export async function startIdentityProvider(): Promise<IdentityProvider> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { method = '', url = '', headers } = request;
        void provider
          .answer({ method, url, headers, body: Buffer.concat(chunks).toString() })
          .then(({ status, headers: more, body }) => {
            response.writeHead(status, { 'content-type': 'application/json', ...more });
            response.end(typeof body === 'string' ? body : JSON.stringify(body));
          });
      });
  });
  const provider = new IdentityProvider(`http://127.0.0.1:${await listening(server)}/token`, () =>
    server.closeIdleConnections(),
  );
  onTestFinished(() => {
    provider.goOn();
    return closing(server);
  });
  return provider;
}
