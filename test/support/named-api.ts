import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { type Certificate, selfSigned } from './certificate.ts';
import { closing, listening } from './server.ts';

/** The name that APIs of tests have where only an egress proxy knows it. */
export const API_NAME = 'api.test';

/** An API on a port of 127.0.0.1 that says which request it got, and sends back what comes in a WebSocket. */
export interface NamedApi {
  readonly url: string;
  readonly connections: Socket[];
  /** What becomes of a request; undefined: it is answered with its own path. */
  answer: ((response: ServerResponse) => void) | undefined;
  readonly requests: { readonly url: string; readonly headers: NodeJS.Dict<string | string[]> }[];
}

/** `identity`: it is behind TLS, and this is what it shows. */
export async function startNamedApi(identity?: Certificate): Promise<NamedApi> {
  const server = identity === undefined ? createHttpServer() : createServer(identity);
  const api: NamedApi = {
    url: `http://127.0.0.1:${await listening(server)}`,
    connections: [],
    answer: undefined,
    requests: [],
  };
  server.on('request', (message, response) => {
    const { url = '', headers } = message;
    message.resume().on('end', () => {
      api.requests.push({ url, headers });
      if (api.answer === undefined) response.end(`${url} of ${headers.host}`);
      else api.answer(response);
    });
  });
  server.on(identity === undefined ? 'connection' : 'secureConnection', (socket: Socket | TLSSocket) => {
    api.connections.push(socket);
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (message, socket, head) => {
    api.requests.push({ url: message.url ?? '', headers: message.headers });
    sockets.handleUpgrade(message, socket, head, (opened) => {
      opened.on('error', () => {}).on('message', (data, binary) => opened.send(data, { binary }));
    });
  });
  onTestFinished(async () => {
    for (const socket of sockets.clients) socket.terminate();
    await closing(server);
  });
  return api;
}

export const namedIdentity = selfSigned(API_NAME);
