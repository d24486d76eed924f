/** Bodies on their way to an API: whether one can be sent again is decided on its arrival, and none is sent in part. */
import { Failure } from '../errors.ts';
import type { BodyFlow, BodySink, InboundBody, OutboundBody } from '../exchange.ts';

/** Bytes that all requests together may keep for a second try. */
export class ReplayMemory {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are kept now. */
  get taken(): number {
    return this.#taken;
  }

  /** False, and nothing taken, when there is no room. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#limit) return false;
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

/** A body that was read whole before it is sent. */
class WholeBody implements OutboundBody {
  readonly whole: Buffer;
  readonly #memory: ReplayMemory;
  #kept: number;

  constructor(whole: Buffer, memory: ReplayMemory) {
    this.whole = whole;
    this.#memory = memory;
    this.#kept = whole.length;
  }

  get length(): number {
    return this.whole.length;
  }

  get replayable(): boolean {
    return true;
  }

  open(sink: BodySink): BodyFlow {
    sink.data(this.whole);
    sink.end();
    return { pause: () => {}, resume: () => {}, detach: () => {} };
  }

  settle(): void {
    this.#memory.giveBack(this.#kept);
    this.#kept = 0;
  }
}

/** A body that is sent while it comes, with a copy of what has been sent as long as that is small. */
class StreamedBody implements OutboundBody {
  readonly whole = undefined;
  readonly length: number | undefined;
  readonly #body: InboundBody;
  readonly #keep: KeepPolicy;
  #copy: Buffer[] | undefined = [];
  #copied = 0;
  #sink: BodySink | undefined;
  #begun = false;
  #ending: Failure | 'end' | undefined;

  constructor(body: InboundBody, keep: KeepPolicy) {
    this.#body = body;
    this.#keep = keep;
    this.length = body.length;
  }

  get replayable(): boolean {
    return !this.#begun || this.#copy !== undefined;
  }

  open(sink: BodySink): BodyFlow {
    this.#sink = sink;
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
    for (const chunk of this.#copy ?? []) sink.data(chunk);
    if (this.#ending !== undefined) finish(sink, this.#ending);
    else if (this.#begun) this.#body.resume();
    else this.#begin();
    return flow;
  }

  settle(): void {
    this.#drop();
    // What nobody takes any more is read and forgotten, so that the client gets to read its answer.
    if (this.#sink === undefined && this.#begun) this.#body.resume();
  }

  #begin(): void {
    this.#begun = true;
    this.#body.read({
      data: (chunk) => {
        this.#remember(chunk);
        this.#sink?.data(chunk);
      },
      end: () => this.#finish('end'),
      fail: (failure) => this.#finish(failure),
    });
  }

  #finish(ending: Failure | 'end'): void {
    this.#ending = ending;
    if (this.#sink !== undefined) finish(this.#sink, ending);
  }

  #remember(chunk: Buffer): void {
    if (this.#copy === undefined) return;
    if (this.#copied + chunk.length <= this.#keep.most && this.#keep.memory.take(chunk.length)) {
      this.#copied += chunk.length;
      this.#copy.push(Buffer.from(chunk));
    } else this.#drop();
  }

  #drop(): void {
    this.#keep.memory.giveBack(this.#copied);
    this.#copied = 0;
    this.#copy = undefined;
  }
}

function finish(sink: BodySink, ending: Failure | 'end'): void {
  if (ending === 'end') sink.end();
  else sink.fail(ending);
}

/**
 * The body as it will be sent. One of known, small length is waited for; any other is streamed.
 * Rejects with the Failure that cut it short.
 */
export async function outboundBody(body: InboundBody, keep: KeepPolicy): Promise<OutboundBody> {
  const { length } = body;
  if (length === undefined) return new StreamedBody(body, keep);
  // Too much to be kept whole: a part of it would be of no use, and take room from others.
  if (length > keep.most || !keep.memory.take(length)) return new StreamedBody(body, { ...keep, most: 0 });
  try {
    return new WholeBody(await readWhole(body, length), keep.memory);
  } catch (error) {
    keep.memory.giveBack(length);
    throw error;
  }
}

function readWhole(body: InboundBody, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    body.read({
      data: (chunk) => chunks.push(chunk),
      end: () => {
        const whole = Buffer.concat(chunks);
        if (whole.length === length) resolve(whole);
        else reject(new Failure('bad_request', 'the body is shorter than its Content-Length'));
      },
      fail: reject,
    });
  });
}
