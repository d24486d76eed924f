import { createServer, type Socket } from 'node:net';
import { listening } from '../../support/server.ts';
import { readStrictly } from '../../support/strict-messages.ts';
import { answerBytes, content, type Plan, packets } from './plan.ts';
import type { Actor, Schedule } from './schedule.ts';

export interface ApiSideOptions {
  readonly schedule: Schedule;
  readonly plans: ReadonlyMap<string, Plan>;
  readonly faulty: boolean;
  /** Takes what must not be. */
  readonly violation: (what: string) => void;
  readonly isToken: (token: string) => boolean;
}

/** An API that answers each request as its plan says, and looks at every byte that reaches it. */
export class ApiSide {
  readonly sockets = new Set<Socket>();
  /** How many times each request came, by its marker. */
  readonly times = new Map<string, number>();
  /** How many times each was refused with a 401. */
  readonly refused = new Map<string, number>();
  readonly options: ApiSideOptions;
  readonly #server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    new ApiSideConnection(socket, this);
  });

  constructor(options: ApiSideOptions) {
    this.options = options;
  }

  async listen(): Promise<string> {
    return `http://127.0.0.1:${await listening(this.#server)}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

class ApiSideConnection {
  readonly #socket: Socket;
  readonly #side: ApiSide;
  readonly #actor: Actor;
  #received = Buffer.alloc(0);
  /** The request that is being read, once its head is there. */
  #current: Plan | undefined;

  constructor(socket: Socket, side: ApiSide) {
    this.#socket = socket;
    this.#side = side;
    const { schedule, faulty } = side.options;
    this.#actor = schedule.actor();
    socket
      .on('data', (bytes) => this.#take(bytes))
      .on('error', () => {})
      .on('end', () => socket.destroy())
      .on('close', () => this.#actor.leave());
    if (schedule.random(8) === 0) {
      socket.pause();
      this.#actor.does(() => socket.resume());
    }
    // It may have had enough at any moment.
    if (faulty && schedule.random(12) === 0) schedule.actor().does(() => socket.resetAndDestroy());
  }

  #take(bytes: Buffer): void {
    // Who has ended its side answers nothing more.
    if (this.#socket.writableEnded) return;
    this.#received = Buffer.concat([this.#received, bytes]);
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    if (this.#current === undefined) this.#takeHead(this.#received.toString('latin1', 0, headEnd));
    this.#takeBody(headEnd + 4);
  }

  #takeHead(head: string): void {
    const { plans, violation, isToken } = this.#side.options;
    const marker = /^\S+ \/(\S+) HTTP\/1\.1/.exec(head)?.[1] ?? '';
    const plan = plans.get(marker);
    const all = (name: string) => [...head.matchAll(new RegExp(`^${name}: (.*)$`, 'gim'))].map(([, value]) => value);
    if (plan === undefined) {
      violation(`a request of nobody reached the API: ${head}`);
      return;
    }
    if (all('X-Marker').join() !== marker || all('X-Request-Id').join() !== marker)
      violation(`the fields of ${marker} are another’s: ${head}`);
    const [token = '', second] = all('Authorization');
    if (second !== undefined || !isToken(token.replace('Bearer ', ''))) violation(`${marker} came with ${token}`);
    this.#side.times.set(marker, (this.#side.times.get(marker) ?? 0) + 1);
    this.#current = plan;
    if (plan.answer.when === 'head') this.#answer(plan);
  }

  #takeBody(bodyStart: number): void {
    const plan = this.#current;
    if (plan === undefined) return;
    const { violation } = this.#side.options;
    try {
      const { messages, rest } = readStrictly(this.#received);
      const [message] = messages;
      if (message === undefined) {
        this.#checkBegun(plan, bodyStart);
        return;
      }
      if (messages.length > 1 || rest > 0) violation(`something came behind ${plan.marker} before it was answered`);
      if (!message.body.equals(content(plan.marker, plan.bodyLength)))
        violation(`the body of ${plan.marker} is not its own`);
    } catch (error) {
      violation(`${plan.marker} breaks the grammar: ${error}`);
    }
    this.#received = Buffer.alloc(0);
    this.#current = undefined;
    if (plan.answer.when === 'whole') this.#answer(plan);
  }

  /** A body of known length that is not whole is the beginning of the right one. */
  #checkBegun({ marker, framing, bodyLength }: Plan, bodyStart: number): void {
    const begun = this.#received.subarray(bodyStart);
    if (framing === 'length' && !begun.equals(content(marker, bodyLength).subarray(0, begun.length)))
      this.#side.options.violation(`what came of the body of ${marker} is not its own`);
  }

  #answer(plan: Plan): void {
    const { refused, options } = this.#side;
    const { random } = options.schedule;
    const before = refused.get(plan.marker) ?? 0;
    const bytes = answerBytes(plan, before, random);
    const isRefusal = before < plan.answer.refusals;
    if (isRefusal) refused.set(plan.marker, before + 1);
    for (const packet of packets(bytes, random)) this.#actor.does(() => this.#socket.write(packet));
    const { ending, after } = plan.answer;
    if (isRefusal || ending === 'silent') return;
    if (after === 'fin') this.#actor.does(() => this.#socket.end());
    else if (after === 'reset') this.#actor.does(() => this.#socket.resetAndDestroy());
  }
}
