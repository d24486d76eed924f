import type { Logger } from './logger.ts';
import type { ProxyConfig } from './proxy-config.ts';

export interface TokenSourceOptions {
  /**
   * Where `fetch` may send the token: `https://crm.example.com`; `http://` on loopback alone. Default: nowhere.
   */
  readonly origins?: readonly string[];
  /** The way out, as `egress` of `proxy.yaml`. It is for token requests; `fetch` goes the way of the `fetch` below. */
  readonly egress?: ProxyConfig['egress'];
  /** Where relative paths begin. Default: the working directory. */
  readonly folder?: string;
  /** For HTTPS_PROXY and its like, and for programs that are run. Default: that of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Hears of tokens: each that was got, each change for the worse. Default: nobody. */
  readonly log?: Logger;
  /** What sends requests. Default: `globalThis.fetch` as it is then. */
  readonly fetch?: (input: string, init: RequestInit) => Promise<Response>;
}

/** An access token. It does not print: `console.log` and JSON show none of it. */
export interface AccessToken {
  /** The token itself. */
  readonly value: string;
  /** When it is none any more, by this machine's clock; undefined: it does not expire. */
  readonly expiresAt: Date | undefined;
}

/** The tokens of one credential: cached, renewed ahead of time, one token request at a time. */
export interface TokenSource {
  /**
   * A token that may be sent; from memory while there is one. Rejects with a BearerwayError (`token_unavailable`,
   * `token_refused`, `token_invalid`; `not_running` behind `close`), or with the signal's reason; the signal ends this
   * waiting alone. While it backs off it rejects at once.
   */
  get(signal?: AbortSignal): Promise<AccessToken>;
  /** Another than the one that an API refused: asked for only if that is still the current one. Rejects as `get`. */
  renew(refused: AccessToken, signal?: AbortSignal): Promise<AccessToken>;
  /**
   * `fetch` with the token put on, where the credential's `inject` says. A 401 renews it and sends the request once
   * more, if its body can be sent again: all but streams and the body of a Request can. The second answer is yours,
   * whatever it is; so is the first where no new token can be had.
   *
   * An absolute URL alone, of one of `origins`: else it rejects with a BearerwayError `destination_denied`, and nothing
   * was sent. Redirects are never followed, as the token would go with them: they are the answer (`redirect: 'error'`
   * rejects). Else it rejects as `get`, and as `fetch` does.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Asks for no more tokens, and leaves nothing behind. */
  close(): Promise<void>;
}
