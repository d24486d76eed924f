/** The APIs and the token endpoint of the soak: each path is a kind that is had to do with, faults included. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';

export const GIB = 1024 ** 3;
/** How many events a stream has. */
export const EVENTS = 20;
/** Makes the API break a WebSocket off. */
export const CUT = 'cut me';
/** What of each quarter of a minute the token endpoint is down. */
const OUTAGE_MS = 3000;
const QUARTER_MS = 15_000;
const LIFETIME_S = 60;

const chunk = Buffer.alloc(65_536);

export interface SoakApi {
  readonly url: string;
  /** Tokens that were given out, and token requests that met an outage. */
  readonly tokens: { issued: number; failed: number };
  close(): void;
}

type Behaviour = (incoming: IncomingMessage, response: ServerResponse) => void;

/** Says what came: its length and its digest. */
function digest(incoming: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256');
  let length = 0;
  incoming
    .on('data', (bytes: Buffer) => {
      hash.update(bytes);
      length += bytes.length;
    })
    .on('end', () => response.end(`${length} ${hash.digest('hex')}`));
}

/** Now and then, however good the token is. */
const isRefused = (): boolean => Math.random() < 0.1;

function events(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let next = 0;
  const write = (): void => {
    if (response.destroyed) return;
    response.write(`id: ${next}\ndata: event ${next}\n\n`);
    next += 1;
    if (next < EVENTS) setTimeout(write, Math.random() * 60);
    else response.end();
  };
  write();
}

function gib(_: IncomingMessage, response: ServerResponse): void {
  let left = GIB;
  const more = (): void => {
    while (left > 0) {
      left -= chunk.length;
      if (!response.write(chunk)) return;
    }
    response.end();
  };
  response.on('drain', more);
  more();
}

const behaviours: Readonly<Record<string, Behaviour>> = {
  '/digest': digest,
  '/events': events,
  '/gib': gib,
  '/refuses': (incoming, response) => {
    if (!isRefused()) digest(incoming, response);
    else incoming.resume().on('end', () => response.writeHead(401).end());
  },
  /** In the middle of an upload. */
  '/refuses-early': (incoming, response) => {
    if (!isRefused()) digest(incoming, response);
    else incoming.once('readable', () => response.writeHead(401).end());
  },
  '/breaks': (_, response) => {
    response.setHeader('Content-Length', '100000').write(chunk.subarray(0, 5000), () => response.destroy());
  },
  '/breaks-chunked': (_, response) => {
    response.write(chunk.subarray(0, 5000), () => response.socket?.resetAndDestroy());
  },
  '/resets': (incoming) => {
    incoming.socket.resetAndDestroy();
  },
  '/early': (_, response) => {
    response.writeHead(403).end('no');
  },
};

/** Sends back what comes. */
function echoes(sockets: WebSocketServer, incoming: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => {});
  if (isRefused()) {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(incoming, socket, Buffer.alloc(0), (opened) => {
    opened
      .on('error', () => {})
      .on('message', (data, binary) => {
        if (!binary && String(data) === CUT) opened.terminate();
        else opened.send(data, { binary });
      });
  });
}

export async function startSoakApi(): Promise<SoakApi> {
  const tokens = { issued: 0, failed: 0 };
  const began = Date.now();
  const giveToken: Behaviour = (incoming, response) => {
    incoming.resume();
    if ((Date.now() - began) % QUARTER_MS > QUARTER_MS - OUTAGE_MS) {
      tokens.failed += 1;
      response.writeHead(503).end();
      return;
    }
    tokens.issued += 1;
    const answer = { access_token: `soak-${tokens.issued}`, token_type: 'Bearer', expires_in: LIFETIME_S };
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
  };
  const server = createServer({ keepAliveTimeout: 3000 }, (incoming, response) => {
    incoming.on('error', () => {});
    response.on('error', () => {});
    const path = (incoming.url ?? '').split('?', 1)[0] ?? '';
    const behaviour = path === '/token' ? giveToken : behaviours[path];
    if (behaviour === undefined) response.writeHead(404).end();
    else behaviour(incoming, response);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (incoming, socket) => echoes(sockets, incoming, socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // It listens on TCP.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens,
    close() {
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}
