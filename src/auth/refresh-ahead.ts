import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Backoff } from './backoff.ts';
import type { CachedSource } from './cached-source.ts';

/** A credential without a token that nobody used for so long is tried only so often. */
const UNUSED_MS = 3_600_000;
const UNUSED_INTERVAL_MS = 60_000;
/** While our client is refused its secret is looked at so often. */
const SECRET_INTERVAL_MS = 5000;

export interface RefreshAheadOptions {
  readonly backoff: Backoff;
  readonly clock: Clock;
  /** Whether the secret is another one now than was shown last; undefined when it stays the same for ever. */
  readonly secretChanged?: (() => Promise<boolean>) | undefined;
}

/**
 * Renews a source's token ahead of its expiry, and recovers one that has none as soon as its backoff ends, without
 * waiting for a request; one that is refused as soon as its secret changes. Asks for the first token at once. Returns
 * what ends it.
 */
export function refreshAhead(source: CachedSource, { backoff, clock, secretChanged }: RefreshAheadOptions): () => void {
  let cancel = (): void => {};
  let stopped = false;
  const schedule = (delayMs: number, action: () => void): void => {
    cancel();
    // A token request that was under way at the end still tells its outcome.
    if (stopped) return;
    cancel = clock.after(delayMs, action);
  };

  const recover = (failure: Failure): void => {
    const unusedMs = clock.monotonicMs() - source.usedAtMs;
    const waitMs = unusedMs > UNUSED_MS ? Math.max(backoff.remainingMs, UNUSED_INTERVAL_MS) : backoff.remainingMs;
    waitUntil(clock.monotonicMs() + waitMs, failure);
  };
  const waitUntil = (dueMs: number, failure: Failure): void => {
    const waitMs = dueMs - clock.monotonicMs();
    const watched = failure.code === 'token_refused' ? secretChanged : undefined;
    const looked = (changed: boolean): void => {
      // A request may have asked meanwhile.
      if (stopped || backoff.failure !== failure) return;
      if (changed) {
        backoff.secretChanged();
        source.refresh();
      } else waitUntil(dueMs, failure);
    };
    if (watched === undefined || waitMs <= SECRET_INTERVAL_MS) schedule(waitMs, () => source.refresh());
    else schedule(SECRET_INTERVAL_MS, () => void watched().then(looked));
  };

  source.listen((outcome) => {
    if (outcome instanceof Failure) recover(outcome);
    else
      schedule(outcome.requestedAtMs + outcome.staleAfterMs - clock.monotonicMs(), () => {
        if (!source.resting) source.refresh();
      });
  });
  source.refresh();
  return () => {
    stopped = true;
    cancel();
  };
}
