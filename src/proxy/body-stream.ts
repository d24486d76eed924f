import { Readable } from 'node:stream';
import type { BodyFlow, OutboundBody } from '../exchange.ts';

/** A body of ours for undici, which destroys the stream it is given when an API answers early. */
export class BodyStream extends Readable {
  readonly #body: OutboundBody;
  #flow: BodyFlow | undefined;

  constructor(body: OutboundBody) {
    super();
    this.#body = body;
  }

  override _read(): void {
    if (this.#flow !== undefined) {
      this.#flow.resume();
      return;
    }
    let full = false;
    this.#flow = this.#body.open({
      data: (chunk) => {
        full = !this.push(chunk);
        if (full) this.#flow?.pause();
      },
      end: () => this.push(null),
      fail: (failure) => this.destroy(failure),
    });
    if (full) this.#flow.pause();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#flow?.detach();
    callback(error);
  }
}
