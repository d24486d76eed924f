import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { listening } from './server.ts';
import { readStrictly, type StrictMessage } from './strict-messages.ts';

/**
 * An API that takes nothing but what RFC 9112 leaves no two ways to read, and keeps what was whole. Each byte is read
 * once, so that hundreds of thousands of requests cost what they must.
 */
export class StrictApi {
  readonly url: string;
  readonly #messages: StrictMessage[] = [];
  /** Why bytes that came in were no request. */
  readonly violations: string[] = [];
  /** How many connections there were. */
  connections = 0;
  readonly #sockets = new Set<Socket>();

  constructor(url: string) {
    this.url = url;
  }

  /** What came whole since it was asked last, in its order on each connection. */
  taken(): StrictMessage[] {
    return this.#messages.splice(0);
  }

  serve(socket: Socket): void {
    let unread: Buffer = Buffer.alloc(0);
    this.connections += 1;
    this.#sockets.add(socket);
    socket
      .on('data', (chunk: Buffer) => {
        unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
        try {
          const { messages, rest } = readStrictly(unread);
          unread = unread.subarray(unread.length - rest);
          this.#messages.push(...messages);
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'.repeat(messages.length));
        } catch (broken) {
          this.violations.push(`${String(broken)} in ${JSON.stringify(unread.toString('latin1').slice(0, 1000))}`);
          socket.destroy();
        }
      })
      .on('error', () => {})
      .on('close', () => this.#sockets.delete(socket));
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Ends with the test. */
export async function startStrictApi(): Promise<StrictApi> {
  const server = createServer({ noDelay: true }, (socket) => api.serve(socket));
  const api = new StrictApi(`http://127.0.0.1:${await listening(server)}`);
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    api.cut();
    await closed;
  });
  return api;
}
