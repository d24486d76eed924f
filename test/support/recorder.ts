import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { listening } from './server.ts';
import { readStrictly, type StrictMessage } from './strict-messages.ts';

/** All that came in on one connection. */
export class Recording {
  /** Its connection has gone. */
  closed = false;
  #bytes = Buffer.alloc(0);

  get bytes(): Buffer {
    return this.#bytes;
  }

  add(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
  }
}

/** How many answers these bytes have earned, in all. */
export type AnswersEarned = (bytes: Buffer) => number;

/** An API that parses nothing: it keeps the bytes as they come, and answers when it is told that an answer is due. */
export class Recorder {
  readonly url: string;
  readonly port: number;
  readonly recordings: Recording[] = [];
  readonly #sockets = new Set<Socket>();
  #wake = (): void => {};

  constructor(port: number) {
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Whole requests by the strict grammar, of all connections. Throws where the bytes break it. */
  get messages(): StrictMessage[] {
    return this.recordings.flatMap(({ bytes }) => readStrictly(bytes).messages);
  }

  /** Resolves when it holds. Asked whenever something came in or a connection ended. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when nobody is connected any more. */
  idle(): Promise<void> {
    return this.until(() => this.#sockets.size === 0);
  }

  record(socket: Socket, earned: AnswersEarned): void {
    const recording = new Recording();
    let answered = 0;
    this.recordings.push(recording);
    this.#sockets.add(socket);
    socket
      .on('data', (chunk: Buffer) => {
        recording.add(chunk);
        for (const due = earned(recording.bytes); answered < due; answered += 1)
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        this.#wake();
      })
      .on('error', () => {})
      .on('close', () => {
        this.#sockets.delete(socket);
        recording.closed = true;
        this.#wake();
      });
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** One for each whole request; none any more behind bytes that break the grammar. */
export const oneForEachRequest: AnswersEarned = (bytes) => {
  try {
    return readStrictly(bytes).messages.length;
  } catch {
    return 0;
  }
};

export async function startRecorder(earned: AnswersEarned = oneForEachRequest): Promise<Recorder> {
  const server = createServer((socket) => recorder.record(socket, earned));
  const recorder = new Recorder(await listening(server));
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    recorder.cut();
    await closed;
  });
  return recorder;
}
