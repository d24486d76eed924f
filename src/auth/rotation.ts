import { Failure } from '../errors.ts';
import { Secret } from '../secret.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Where the refresh token of one credential is kept, across restarts. */
export interface RefreshTokenKeeper {
  /** The current one. Rejects when it cannot be had. */
  read(): Promise<Secret>;
  /**
   * Keeps `next` for good in the place of `spent` before it resolves. Where another than `spent` is current, somebody
   * has put a newer one there, and that one stays. Rejects when it cannot be kept.
   */
  replace(spent: Secret, next: Secret): Promise<void>;
  /**
   * Resolves when nobody else may show it, until what it resolves with is called; also when nobody waits any more, as
   * the signal tells. Rejects when that cannot be had.
   */
  reserve(signal: AbortSignal): Promise<Release>;
}

export type Release = () => Promise<void> | void;

/** RFC 6749 appendix A.17, so long as a file or a store may well hold it. */
const REFRESH_TOKEN = /^[\x20-\x7e]{1,16384}$/;
/** Who reads has a deadline of his own. */
const never = new AbortController().signal;

/** A refresh token and those that the server gives in its place. */
export class Rotation {
  readonly #keeper: RefreshTokenKeeper;
  #shown: Secret | undefined;
  /** What the server gave and could not be kept yet: the only one that it still takes. */
  #unkept: { readonly spent: Secret; readonly next: Secret } | undefined;
  /** One attempt at a time, which goes on behind the deadline. */
  #keeping: Promise<void> | undefined;

  constructor(keeper: RefreshTokenKeeper) {
    this.#keeper = keeper;
  }

  /** The one that the server takes. Rejects when it cannot be had, or not be kept. */
  async read(): Promise<Secret> {
    await this.keep(never);
    return this.#keeper.read();
  }

  /** It goes to the server. */
  show(current: string): void {
    this.#shown = new Secret(current);
  }

  /** `next` came for the one that was shown. Rejects with a Failure: no token of that answer is used. */
  async become(next: string, deadline: AbortSignal): Promise<void> {
    const spent = this.#shown;
    if (spent === undefined || next === spent.reveal()) return;
    if (!REFRESH_TOKEN.test(next))
      throw new Failure('token_invalid', "the token endpoint's answer cannot be used: its refresh token is none");
    this.#unkept = { spent, next: new Secret(next) };
    await this.keep(deadline);
  }

  /** Resolves when nothing is unkept. Rejects with a Failure, `token_unavailable`. */
  async keep(deadline: AbortSignal): Promise<void> {
    this.#keeping ??= this.#keepNow().finally(() => {
      this.#keeping = undefined;
    });
    await unlessAborted(this.#keeping, deadline).catch((cause) => {
      throw new Failure('token_unavailable', 'the new refresh token cannot be kept', { cause });
    });
  }

  /** For one token request: what it is shown is nobody else's until the end. Rejects with a Failure, `token_unavailable`. */
  async reserve(signal: AbortSignal): Promise<Release> {
    await this.keep(signal);
    const reserving = this.#keeper.reserve(signal);
    const release = await unlessAborted(reserving, signal).catch((cause) => {
      // It may come yet, and nobody is there to use it.
      reserving.then((late) => late()).catch(() => {});
      const why = signal.aborted ? 'is in use by another token request, which does not end' : 'cannot be read';
      throw new Failure('token_unavailable', `the refresh token ${why}`, { cause });
    });
    // The keeping goes on behind the deadline: until it ends the spent one is there to be read.
    return () => (this.#keeping === undefined ? release() : void this.#keeping.catch(() => {}).then(release));
  }

  async #keepNow(): Promise<void> {
    if (this.#unkept === undefined) return;
    const { spent, next } = this.#unkept;
    await this.#keeper.replace(spent, next);
    this.#unkept = undefined;
  }
}
