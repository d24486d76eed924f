import type { Socket } from 'node:net';
import type { Answer, AnswerHead } from '../exchange.ts';

/** An answer on a bare socket, for what was no request; the connection ends behind it. */
export class RawAnswer implements Answer {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  interim(): void {}

  head({ status, reason, fields }: AnswerHead): void {
    let head = `HTTP/1.1 ${status} ${reason}\r\n`;
    for (let i = 0; i < fields.lines.length; i += 2) head += `${fields.lines[i]}: ${fields.lines[i + 1]}\r\n`;
    if (this.#socket.writable) this.#socket.write(`${head}Connection: close\r\n\r\n`, 'latin1');
  }

  data(chunk: Buffer): boolean {
    if (this.#socket.writable) this.#socket.write(chunk);
    return true;
  }

  end(): void {
    // What still comes is read and forgotten for a moment: a reset would take the answer away from a client that sends.
    this.#socket.removeAllListeners('data');
    this.#socket.resume();
    this.#socket.end();
    this.#socket.setTimeout(LINGER_MS, () => this.#socket.destroy());
  }

  fail(): void {
    this.#socket.destroy();
  }
}

const LINGER_MS = 1000;
