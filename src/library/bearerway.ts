import type { ErrorCode } from './errors.ts';
import type { Logger } from './logger.ts';

export interface BearerwayOptions {
  /** Where relative paths of a configuration that is an object begin. Default: the working directory. */
  readonly folder?: string;
  /** For `${NAME}` in a configuration file, for HTTPS_PROXY and its like, and for programs that are run. Default: that of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Takes the log, from the level `log.level` of the configuration on. Default: nobody. */
  readonly log?: Logger;
}

/** Where it listens. */
export interface Listening {
  /** URLs: `http://127.0.0.1:8080`, `https://[::1]:8443`; or `unix:` and a path. */
  readonly addresses: readonly string[];
  /** Undefined on a unix socket. */
  readonly port: number | undefined;
  /** Port of the admin server; undefined: there is none. */
  readonly adminPort: number | undefined;
}

/** A request that is over. Never holds a token, a secret or a query string. */
export interface RequestTold {
  readonly requestId: string;
  readonly method: string;
  /** As the client sent it, without the query; undefined where none could be read. */
  readonly path: string | undefined;
  /** Prefix of its route; undefined: it had none. */
  readonly route: string | undefined;
  readonly credential: string | undefined;
  /** What the client got; 499 if it left before. */
  readonly status: number;
  /** Milliseconds, from its head to the last byte of its answer. */
  readonly durationMs: number;
  /** Milliseconds that the API took to begin its answer; undefined: it did not answer. */
  readonly upstreamMs: number | undefined;
  /** What became of a 401, as in `Bearerway-Retry`: `done`, `skipped; reason=…`; undefined: there was none. */
  readonly retry: string | undefined;
  /** Bytes of the body that came, and of that which went out. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Address and port, `unix:`, or `in-process`. */
  readonly client: string;
  /** Code of the error that the proxy answered with (README, "Errors"), `client_left` or `shut_down`; undefined: none. */
  readonly error: string | undefined;
}

/** How a token request ended. */
export type TokenTold =
  | {
      readonly credential: string;
      readonly ok: true;
      /** Undefined: it does not expire. */
      readonly expiresAt: Date | undefined;
    }
  | {
      readonly credential: string;
      readonly ok: false;
      readonly code: ErrorCode;
      /** Without secrets. */
      readonly detail: string;
      /** Milliseconds until it is tried again. */
      readonly retryInMs: number;
    };

export interface BearerwayEvents {
  readonly listening: Listening;
  /** Once for each request, when it is over. */
  readonly request: RequestTold;
  /** Each attempt to get a token. */
  readonly token: TokenTold;
}

/** A proxy in this process. It handles no signals, never ends the process, and changes nothing of it. */
export interface Bearerway {
  /**
   * Listens, and asks for the first tokens without waiting for them. Once it is started, the same again. Rejects with a
   * BearerwayError `config_invalid`, or with the system's error (`EADDRINUSE`, a secret file that cannot be read).
   */
  start(): Promise<Listening>;
  /** Finishes what is under way, as `shutdown` of the configuration says, and lets go of everything. It can be started again. */
  stop(): Promise<void>;
  /**
   * Sends a request by the routes of the configuration, with the token put on, in this process: no port is gone through,
   * and no client token is needed. `input` is a path with a route's prefix (`/crm/orders?limit=5`), or an absolute URL
   * below an upstream. Rules of the routes hold, and so do their timeouts and the second try after a 401, for which
   * all bodies but streams are kept (`retry.maxBody`). Redirects are the answer and are not followed; answers are not
   * decoded (`Accept-Encoding: identity` is sent unless `headers` say another).
   *
   * Resolves with the API's answer, or with a problem+json where there is none: a missing token is a 502 or 503 with a
   * `code` in its body (README, "Errors"). Rejects with a BearerwayError `not_running` or, if `stop` cut it off,
   * `shut_down`; with a TypeError for what is no request; with the reason of `init.signal`. Where an answer breaks off,
   * reading its body does.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** What a listener throws becomes an uncaught exception. */
  on<Name extends keyof BearerwayEvents>(event: Name, listener: (told: BearerwayEvents[Name]) => void): this;
  off<Name extends keyof BearerwayEvents>(event: Name, listener: (told: BearerwayEvents[Name]) => void): this;
}
