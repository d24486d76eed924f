import { connect, type Socket } from 'node:net';
import { answersTo, type Got } from './answers.ts';
import { type Plan, packets, requestBytes } from './plan.ts';
import type { Actor, Schedule } from './schedule.ts';

export interface ClientSideOptions {
  readonly port: number;
  readonly plans: readonly Plan[];
  readonly schedule: Schedule;
  readonly faulty: boolean;
}

/** A client that sends its requests on one connection: at once, or each when the last was answered; and may be rude. */
export class ClientSide {
  readonly plans: readonly Plan[];
  readonly socket: Socket;
  /** It left, or stopped, of its own. */
  rude = false;
  /** It was reset. */
  wasReset = false;
  #over = false;
  #isRead = false;
  #isComing = false;
  #got: Got[] = [];
  #chunks: Buffer[] = [];

  constructor({ port, plans, schedule, faulty }: ClientSideOptions) {
    const { random } = schedule;
    this.plans = plans;
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    this.socket
      .on('data', (chunk: Buffer) => {
        this.#isRead = false;
        this.#isComing = true;
        this.#chunks.push(chunk);
      })
      .on('error', ({ code }: NodeJS.ErrnoException) => {
        this.wasReset ||= code === 'ECONNRESET';
      })
      .on('end', () => {
        this.#isRead = false;
        this.#over = true;
        this.socket.destroy();
      })
      .on('close', () => {
        this.#isRead = false;
        this.#over = true;
      });
    const actor = schedule.actor();
    const pipelines = random(2) === 0;
    for (const [index, plan] of plans.entries()) {
      const answered = () => pipelines || index === 0 || this.#over || this.#lately().length >= index;
      for (const packet of packets(requestBytes(plan, random), random))
        actor.does(() => this.socket.writable && this.socket.write(packet), answered);
    }
    this.#moods(schedule, actor, faulty);
  }

  /** A slow reader, or one that leaves: at some moment, whatever is going on. */
  #moods(schedule: Schedule, sending: Actor, faulty: boolean): void {
    const { random } = schedule;
    if (random(4) === 0) {
      const reading = schedule.actor();
      reading.does(() => this.socket.pause());
      if (!faulty || random(3) > 0) reading.does(() => this.socket.resume());
      else this.rude = true;
    }
    if (!faulty || random(3) > 0) return;
    this.rude = true;
    const leaves = [
      () => this.socket.destroy(),
      () => this.socket.resetAndDestroy(),
      () => this.socket.end(),
      // Silence.
      () => {},
    ];
    const leaving = schedule.actor();
    for (let after = random(30); after > 0; after -= 1) leaving.does(() => {});
    leaving.does(() => {
      sending.leave();
      leaves[random(leaves.length)]?.();
    });
  }

  /** What came, held against what it has to be. Throws what must not be. */
  answers(): Got[] {
    if (this.#isRead) return this.#got;
    this.#isRead = true;
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    this.#got = answersTo(this.plans, { bytes, over: this.#over && !this.wasReset && !this.rude });
    return this.#got;
  }

  /** The same, perhaps a moment old: while a large answer comes it is not read again for each packet. */
  #lately(): Got[] {
    if (!this.#isComing) return this.answers();
    this.#isComing = false;
    return this.#got;
  }

  /** All that a patient client can expect has come: an answer to each request, up to one that ends the connection. */
  get content(): boolean {
    const answers = this.#lately().filter(({ whole }) => whole);
    return answers.length === this.plans.length || answers.at(-1)?.closes === true;
  }
}
