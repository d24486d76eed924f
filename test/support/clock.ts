import type { Clock } from '../../src/clock.ts';

/** A clock that is moved, not slept on. */
export class MovedClock implements Clock {
  #monotonicMs = 1_000_000;
  #wallMs = Date.UTC(2026, 10, 21);
  #timers: { atMs: number; callback: () => void }[] = [];
  #awaited: { readonly delayMs: number | undefined; readonly resolve: () => void }[] = [];
  #counted: (() => void)[] = [];

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + Math.max(0, delayMs), callback };
    this.#timers.push(timer);
    const isAwaited = ({ delayMs: wanted }: { readonly delayMs: number | undefined }): boolean =>
      wanted === undefined || wanted === delayMs;
    for (const { resolve } of this.#awaited.filter(isAwaited)) resolve();
    this.#awaited = this.#awaited.filter((each) => !isAwaited(each));
    this.#tellCount();
    return () => this.#remove(timer);
  }

  /** Time passes: timers that fall due are called, in their order, each at its time. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#remove(due);
      this.#set(Math.max(due.atMs, this.#monotonicMs));
      due.callback();
    }
    this.#set(endMs);
  }

  /** The process stands still meanwhile: no timer is called before the time moves again. */
  stall(ms: number): void {
    this.#set(this.#monotonicMs + ms);
  }

  /** Only the wall clock moves: somebody set it, or the machine slept. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  /** Resolves when the next timer is set; or the next one of that many milliseconds. */
  timerSet(delayMs?: number): Promise<void> {
    return new Promise((resolve) => this.#awaited.push({ delayMs, resolve }));
  }

  /** How many timers are waiting. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Resolves when so many timers are waiting. */
  async untilWaiting(count: number): Promise<void> {
    while (this.#timers.length !== count) {
      await new Promise<void>((resolve) => {
        this.#counted.push(resolve);
      });
    }
  }

  #remove(timer: { callback: () => void }): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
    this.#tellCount();
  }

  #tellCount(): void {
    for (const resolve of this.#counted.splice(0)) resolve();
  }

  #set(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
