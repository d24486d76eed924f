/** The sandbox: an imitation of the four providers on one loopback server, each below a prefix of its own. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import { control } from './control.ts';
import { help } from './help.ts';
import { Imitation } from './imitation.ts';
import { providers } from './providers.ts';
import { errorReply, type Reply, send, textReply, withHeaders } from './reply.ts';
import { readTarget } from './target.ts';
import { type Visit, visit } from './visit.ts';

export interface SandboxOptions {
  /** 0: a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Of all tokens; left out: what each provider documents. */
  readonly lifetimeMs?: number;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly clock?: Clock;
}

export interface Sandbox {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Ends every connection, answered or not. */
  close(): Promise<void>;
}

/** Rejects with the system's own error (`EADDRINUSE`) when it cannot listen there. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { port = 9100, host = '127.0.0.1' } = options;
  const imitations = imitate(options);
  const server = createServer(serverOptions, (request, response) => {
    answer(request, response, imitations);
  });
  // Node drops what is past the thousandth field; an echo must not.
  server.maxHeadersCount = 0;
  server.listen(port, host);
  await once(server, 'listening');
  // A server that listens on a port has such an address.
  const address = server.address() as AddressInfo;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${authority}`,
    port: address.port,
    close() {
      closed ??= close(server, imitations);
      return closed;
    },
  };
}

const serverOptions = {
  // More than the proxy lets through, so that it is the proxy's limit one meets.
  maxHeaderSize: 64 * 1024,
  // A body may take as long as it likes, and an idle connection is the client's to close.
  requestTimeout: 0,
  keepAliveTimeout: 0,
};

type Imitations = ReadonlyMap<string, Imitation>;

function imitate(options: SandboxOptions): Imitations {
  const { lifetimeMs, clientId = 'sandbox', clientSecret = 'sandbox-secret', clock = systemClock } = options;
  const client = { id: clientId, secret: clientSecret };
  return new Map(
    Object.entries(providers).map(([name, provider]) => [
      name,
      new Imitation(name, provider, { client, lifetimeMs, clock }),
    ]),
  );
}

function answer(request: IncomingMessage, response: ServerResponse, imitations: Imitations): void {
  reply(request, response, imitations)
    .then((made) => send(response, made))
    .catch((error) => {
      if (request.socket.destroyed || response.headersSent) return;
      send(response, errorReply(500, 'server_error', `the sandbox itself failed: ${error}`));
    });
}

/** Rejects when the client leaves before there is a reply. */
async function reply(request: IncomingMessage, response: ServerResponse, imitations: Imitations): Promise<Reply> {
  const target = readTarget(request.url ?? '');
  if (target === undefined) return notFound;
  const visited = visit(request, response, target);
  const imitation = imitations.get(target.prefix);
  if (imitation !== undefined) return imitation.serve(visited);
  if (target.prefix === '_sandbox') return control(visited, imitations);
  return target.prefix === '' && target.path === '' ? frontPage(visited, imitations) : notFound;
}

const notFound = errorReply(404, 'not_found', 'GET / tells what there is');

function frontPage({ method, fields }: Visit, imitations: Imitations): Reply {
  if (method === 'GET' || method === 'HEAD')
    return textReply(200, help(imitations.values(), fields.get('host') ?? '127.0.0.1:9100'));
  return withHeaders(errorReply(405, 'method_not_allowed', 'GET tells what there is'), { Allow: 'GET, HEAD' });
}

async function close(server: Server, imitations: Imitations): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  // Not every Node tells an answer that is queued behind another of its connection's end.
  for (const imitation of imitations.values()) imitation.letGo();
  await closed;
}
