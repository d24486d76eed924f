/** Time, as an argument: lifetimes are reckoned on the monotonic clock, dates on the wall clock. */
export interface Clock {
  /**
   * Milliseconds since some fixed moment, the same for all processes of a machine; never goes back, may stop while the
   * machine sleeps.
   */
  monotonicMs(): number;
  /** Milliseconds since 1970; jumps when it is set. */
  wallMs(): number;
  /** Calls back after at least `delayMs`, without keeping the process alive. Returns what cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** setTimeout fires at once for longer delays than this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** performance.now() counts from the start of the process, by the clock of hrtime, which counts from that of the machine. */
const startedAtMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  monotonicMs: () => startedAtMs + performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const dueMs = performance.now() + delayMs;
    // setTimeout drops fractions and counts in whole milliseconds of its own: it may be early, so it is asked again.
    const wait = (): NodeJS.Timeout =>
      setTimeout(
        () => {
          if (performance.now() < dueMs) timer = wait();
          else callback();
        },
        Math.min(Math.max(0, Math.ceil(dueMs - performance.now())), LONGEST_TIMER_MS),
      ).unref();
    let timer = wait();
    return () => clearTimeout(timer);
  },
};
