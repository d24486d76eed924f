/** Bodies on their way to an API: whether one can be sent again is decided on its arrival, and none is sent in part. */
import { Blocks } from '../blocks.ts';
import { Failure } from '../errors.ts';
import type { BodyFlow, BodySink, InboundBody, OutboundBody } from '../exchange.ts';
import type { Fields } from '../fields.ts';
import { giveBack } from '../spent.ts';

/** Bytes that all requests together may keep for a second try. */
export class ReplayMemory {
  /** A lower one lets what is kept already stay. */
  limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes that are kept now. */
  get taken(): number {
    return this.#taken;
  }

  hasRoom(bytes: number): boolean {
    return this.#taken + bytes <= this.limit;
  }

  /** False, and nothing taken, when there is no room. */
  take(bytes: number): boolean {
    if (!this.hasRoom(bytes)) return false;
    this.#taken += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }
}

export interface KeepPolicy {
  /** Bytes of this body; 0: it will not be sent again. */
  readonly most: number;
  readonly memory: ReplayMemory;
}

/** A body with a copy of what has come of it, as long as that is small: so it can be waited for, and sent again. */
class CopiedBody implements OutboundBody {
  whole: readonly Buffer[] | undefined;
  readonly length: number | undefined;
  readonly #body: InboundBody;
  readonly #memory: ReplayMemory;
  #copy: Blocks | undefined;
  /** What came behind the copy, had no room in it, and has not been sent yet. */
  #unsent: Buffer[] = [];
  #sink: BodySink | undefined;
  #begun = false;
  #opened = false;
  /** How it ended: with trailers, or not whole. */
  #ending: Failure | Fields | undefined;
  #gathered = (): void => {};
  /** Chunks of `whole` that may not have gone out yet. */
  #lent = 0;
  #settled = false;

  constructor(body: InboundBody, { most, memory }: KeepPolicy) {
    this.#body = body;
    this.#memory = memory;
    this.length = body.length;
    this.#copy = new Blocks({ most: Math.min(most, body.length ?? most), take: (bytes) => memory.take(bytes) });
  }

  get replayable(): boolean {
    return this.#copy !== undefined || !(this.#opened || this.#settled);
  }

  /** Waits for all of it, or for as much as there is room for. Rejects with the Failure that cut it short. */
  async gather(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#gathered = resolve;
      this.#begin();
    });
    if (this.#ending instanceof Failure) throw this.#ending;
    if (this.#ending === undefined || this.#copy === undefined || this.#unsent.length > 0) return;
    if (this.#copy.length !== this.length)
      throw new Failure('bad_request', 'the body is shorter than its Content-Length');
    this.whole = this.#copy.chunks;
  }

  lend(): () => void {
    this.#lent += this.whole?.length ?? 0;
    return () => {
      this.#lent -= 1;
      this.#spend();
    };
  }

  open(sink: BodySink): BodyFlow {
    this.#sink = sink;
    this.#opened = true;
    const flow: BodyFlow = {
      pause: () => this.#sink === sink && this.#body.pause(),
      resume: () => this.#sink === sink && this.#body.resume(),
      detach: () => {
        if (this.#sink !== sink) return;
        this.#sink = undefined;
        if (this.#copy === undefined) this.#body.resume();
        else this.#body.pause();
      },
    };
    const came = [...(this.#copy?.chunks ?? []), ...this.#unsent];
    if (this.#unsent.length > 0) this.#drop();
    for (const chunk of came) sink.data(chunk);
    if (this.#ending !== undefined) finish(sink, this.#ending);
    else if (this.#begun) this.#body.resume();
    else this.#begin();
    return flow;
  }

  settle(): void {
    this.#drop();
    this.#settled = true;
    this.#spend();
    // What nobody takes any more is read and forgotten, so that the client gets to read its answer.
    if (this.#sink === undefined && this.#begun && this.#ending === undefined) this.#body.resume();
  }

  /** Once nobody will read it any more. */
  #spend(): void {
    if (!this.#settled || this.#lent > 0 || this.whole === undefined) return;
    for (const chunk of this.whole) giveBack(chunk);
    this.whole = undefined;
  }

  #begin(): void {
    this.#begun = true;
    this.#body.read({
      data: (chunk) => {
        this.#remember(chunk);
        this.#sink?.data(chunk);
      },
      end: (trailers) => this.#finish(trailers),
      fail: (failure) => this.#finish(failure),
    });
  }

  #finish(ending: Failure | Fields): void {
    this.#ending = ending;
    this.#gathered();
    if (this.#sink !== undefined) finish(this.#sink, ending);
  }

  #remember(chunk: Buffer): void {
    if (this.#copy === undefined || (this.#unsent.length === 0 && this.#copy.append(chunk))) return;
    if (this.#opened) this.#drop();
    else {
      this.#unsent.push(chunk);
      this.#body.pause();
      this.#gathered();
    }
  }

  #drop(): void {
    this.#memory.giveBack(this.#copy?.taken ?? 0);
    this.#copy = undefined;
    this.#unsent = [];
  }
}

function finish(sink: BodySink, ending: Failure | Fields): void {
  if (ending instanceof Failure) sink.fail(ending);
  else sink.end(ending);
}

/**
 * The body as it will be sent. One of known, small length is waited for while there is room for it; any other is
 * streamed, and so is one whose client waits for `100 Continue`: it gets that when there is a token and a connection
 * to take the body, so that it sends nothing in vain. Rejects with the Failure that cut it short.
 */
export async function outboundBody(inbound: InboundBody, keep: KeepPolicy): Promise<OutboundBody> {
  const { length, awaitsContinue } = inbound;
  if (length === undefined) return new CopiedBody(inbound, keep);
  // Too much to be kept whole: a part of it would be of no use, and take room from others.
  if (length > keep.most || !keep.memory.hasRoom(length)) return new CopiedBody(inbound, { ...keep, most: 0 });
  const body = new CopiedBody(inbound, keep);
  if (awaitsContinue) return body;
  try {
    await body.gather();
    return body;
  } catch (error) {
    body.settle();
    throw error;
  }
}
