/** Server-sent events: the status every second and when it changes, and requests as they end. Costs nothing while nobody listens. */
import type { Clock } from '../clock.ts';
import { Failure } from '../errors.ts';
import type { Answer, AnswerFlow } from '../exchange.ts';
import { Fields } from '../fields.ts';
import { type Page, pageFields, type Visit } from './pages.ts';

export interface EventsOptions<Request> {
  readonly clock: Clock;
  /** What everybody is told every second, and when it changes, as JSON. */
  readonly status: () => unknown;
  /** What is told of a request, as JSON. */
  readonly told: (request: Request) => unknown;
  /** Hears whether anybody listens, when that changes. */
  readonly listened: (isListened: boolean) => void;
}

const STATUS_MS = 1000;
/** However often it changes. */
const BETWEEN_CHANGES_MS = 50;
/** Requests are told in batches, at most so many of them; the others are counted. */
const BATCH_MS = 250;
const MOST_IN_A_BATCH = 25;
const MOST_LISTENERS = 16;
/** Who takes nothing for so long does not listen. */
const SLOWEST_MS = 10_000;

/** Somebody who listens. One who is slow misses what comes meanwhile. */
class Listener implements AnswerFlow {
  readonly #answer: Answer;
  readonly #clock: Clock;
  #fullSinceMs: number | undefined;

  constructor(answer: Answer, clock: Clock) {
    this.#answer = answer;
    this.#clock = clock;
    answer.head({ status: 200, reason: 'OK', fields: pageFields('text/event-stream') }, this);
  }

  tell(bytes: Buffer): void {
    if (this.#fullSinceMs === undefined && !this.#answer.data(bytes)) this.#fullSinceMs = this.#clock.monotonicMs();
  }

  get isGone(): boolean {
    return this.#fullSinceMs !== undefined && this.#clock.monotonicMs() - this.#fullSinceMs >= SLOWEST_MS;
  }

  drop(): void {
    this.#answer.fail(new Failure('request_timeout', 'the client does not read its answer'));
  }

  resume(): void {
    this.#fullSinceMs = undefined;
  }

  cancel(): void {}
}

export class Events<Request> {
  readonly #options: EventsOptions<Request>;
  readonly #listeners = new Set<Listener>();
  #batch: unknown[] = [];
  #skipped = 0;
  #isBatchDue = false;
  #isChangeDue = false;
  #toldChangeAtMs = Number.NEGATIVE_INFINITY;
  #stopTicking = (): void => {};

  constructor(options: EventsOptions<Request>) {
    this.#options = options;
  }

  readonly page: Page = {
    method: 'GET',
    path: '/api/events',
    open: false,
    visit: (visit) => this.#join(visit),
  };

  /** A request is over. */
  readonly publish = (request: Request): void => {
    if (this.#listeners.size === 0) return;
    if (this.#batch.length < MOST_IN_A_BATCH) this.#batch.push(this.#options.told(request));
    else this.#skipped += 1;
    this.#planBatch();
  };

  /** So many more are over, of which nothing else is known. */
  readonly skipped = (count: number): void => {
    if (this.#listeners.size === 0) return;
    this.#skipped += count;
    this.#planBatch();
  };

  #planBatch(): void {
    if (this.#isBatchDue) return;
    this.#isBatchDue = true;
    this.#options.clock.after(BATCH_MS, () => this.#tellBatch());
  }

  /** The status is about to be another: what causes it may go on till the end of its turn. */
  readonly statusChanged = (): void => {
    if (this.#listeners.size === 0 || this.#isChangeDue) return;
    const { clock, status } = this.#options;
    this.#isChangeDue = true;
    clock.after(this.#toldChangeAtMs + BETWEEN_CHANGES_MS - clock.monotonicMs(), () => {
      this.#isChangeDue = false;
      this.#toldChangeAtMs = clock.monotonicMs();
      if (this.#listeners.size > 0) this.#tellAll(event('status', status()));
    });
  };

  #join({ request, answer, signal }: Visit): undefined {
    if (this.#listeners.size >= MOST_LISTENERS)
      throw new Failure('overloaded', `${MOST_LISTENERS} listen already`, { retryAfterMs: 5000 });
    const listener = new Listener(answer, this.#options.clock);
    if (request.method === 'HEAD') {
      answer.end(Fields.none);
      return;
    }
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#leave(listener), { once: true });
    listener.tell(event('status', this.#options.status()));
    if (this.#listeners.size > 1) return;
    this.#options.listened(true);
    this.#tick();
  }

  #leave(listener: Listener): void {
    if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
    this.#options.listened(false);
    this.#stopTicking();
    this.#batch = [];
    this.#skipped = 0;
  }

  #tick(): void {
    this.#stopTicking = this.#options.clock.after(STATUS_MS, () => {
      for (const listener of this.#listeners) {
        if (!listener.isGone) continue;
        this.#leave(listener);
        listener.drop();
      }
      if (this.#listeners.size === 0) return;
      this.#tellAll(event('status', this.#options.status()));
      this.#tick();
    });
  }

  #tellBatch(): void {
    this.#isBatchDue = false;
    const events = this.#batch.map((request) => event('request', request));
    if (this.#skipped > 0) events.push(event('skipped', { count: this.#skipped }));
    this.#batch = [];
    this.#skipped = 0;
    if (events.length > 0) this.#tellAll(Buffer.concat(events));
  }

  #tellAll(bytes: Buffer): void {
    for (const listener of this.#listeners) listener.tell(bytes);
  }
}

function event(name: string, data: unknown): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}
