import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { EGRESS_PASSWORD, EGRESS_USER } from './canary.ts';
import type { Certificate } from './certificate.ts';
import { closing, listening } from './server.ts';

/** What a proxy was asked, and with which credentials. */
export interface Asked {
  /** `CONNECT`, or the method of a request that it was to pass on. */
  readonly method: string;
  /** `host:port` of a CONNECT, else the absolute form. */
  readonly target: string;
  readonly authorization: string | undefined;
}

/** Does with a CONNECT what it likes. */
export type ConnectBehaviour = (socket: Duplex) => void;

/** An egress proxy. It knows names that nobody else does, and turns away whatever is not exactly right. */
export class EgressProxy {
  readonly port: number;
  readonly url: string;
  readonly asked: Asked[] = [];
  /** From `host:port` to a port of 127.0.0.1. */
  readonly places = new Map<string, number>();
  /** Whether the password of canary.ts is wanted. */
  guarded = false;
  /** The sockets of its clients. */
  readonly open = new Set<Socket>();
  #behaviour: ConnectBehaviour | undefined;
  #awaited: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(port: number, scheme: string) {
    this.port = port;
    this.url = `${scheme}://127.0.0.1:${port}`;
  }

  /** With our credentials in it. */
  get guardedUrl(): string {
    return this.url.replace('://', `://${EGRESS_USER}:${encodeURIComponent(EGRESS_PASSWORD)}@`);
  }

  /** A name that leads to a server of the test's. */
  knows(authority: string, url: string): void {
    this.places.set(authority, Number(new URL(url).port));
  }

  /** Every CONNECT, from now on. */
  behave(behaviour: ConnectBehaviour | undefined): void {
    this.#behaviour = behaviour;
  }

  /** Resolves when it has been asked so often. */
  asks(count: number): Promise<void> {
    if (this.asked.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.push({ count, resolve }));
  }

  tunnel(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { url: target = '', headers } = message;
    socket.on('error', () => {});
    this.#note('CONNECT', target, headers);
    const port = this.places.get(target);
    const fault =
      head.length > 0 || headers.host !== target || headers['content-length'] !== undefined || !/:\d+$/.test(target);
    if (this.#behaviour !== undefined) this.#behaviour(socket);
    else if (fault) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    else if (!this.#admits(headers)) socket.end(ASKING);
    else if (port === undefined) socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
    else this.join(socket, `http://127.0.0.1:${port}`);
  }

  /** Bytes both ways, as they come, ends and breaks included, behind the answer that says so. */
  join(near: Duplex, url: string, head = 'HTTP/1.1 200 Connection established\r\n\r\n'): void {
    const far = connect({ host: '127.0.0.1', port: Number(new URL(url).port), allowHalfOpen: true }, () => {
      near.write(head);
      near.pipe(far).pipe(near);
    });
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.on('close', () => far.destroy());
  }

  pass(message: IncomingMessage, response: ServerResponse): void {
    const { url: target = '', headers, method = '' } = message;
    this.#note(method, target, headers);
    const url = URL.canParse(target) ? new URL(target) : undefined;
    const port = url && this.places.get(`${url.hostname}:${url.port || 80}`);
    if (url?.protocol !== 'http:' || url.host !== headers.host || headers.upgrade !== undefined)
      response.writeHead(400).end();
    else if (!this.#admits(headers)) response.writeHead(407, { 'proxy-authenticate': 'Basic realm="egress"' }).end();
    else if (port === undefined) response.writeHead(502).end('no such place');
    else {
      const { 'proxy-authorization': _, ...rest } = headers;
      const path = target.slice(target.indexOf('/', 7));
      const onward = request({ host: '127.0.0.1', port, method, path, headers: rest }, (answer) => {
        const { connection: _connection, ...fields } = answer.headers;
        response.writeHead(answer.statusCode ?? 500, fields);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      message.pipe(onward);
    }
  }

  #admits({ 'proxy-authorization': given }: IncomingMessage['headers']): boolean {
    return !this.guarded || given === `Basic ${Buffer.from(`${EGRESS_USER}:${EGRESS_PASSWORD}`).toString('base64')}`;
  }

  #note(method: string, target: string, headers: IncomingMessage['headers']): void {
    this.asked.push({ method, target, authorization: headers['proxy-authorization'] });
    for (const { count, resolve } of this.#awaited) if (this.asked.length >= count) resolve();
  }
}

const ASKING = 'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="egress"\r\n\r\n';

/** `tls`: it is reached over TLS, and this is what it shows. */
export async function startEgressProxy(tls?: Certificate): Promise<EgressProxy> {
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  const proxy = new EgressProxy(await listening(server), tls === undefined ? 'http' : 'https');
  server
    .on('connect', (message, socket, head) => proxy.tunnel(message, socket, head))
    .on('request', (message, response) => proxy.pass(message, response))
    .on('tlsClientError', () => {})
    .on('connection', (socket: Socket) => {
      proxy.open.add(socket);
      socket.on('close', () => proxy.open.delete(socket));
    });
  onTestFinished(async () => {
    for (const socket of proxy.open) socket.destroy();
    await closing(server);
  });
  return proxy;
}
