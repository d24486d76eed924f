/** The admin port: for whoever runs the proxy. On node:http, apart from the data path. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AdminOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  /** Why requests should not be sent here; empty: they should. */
  readonly unready: () => readonly string[];
  /** What is wrong, though requests may be sent here. */
  readonly notes: () => readonly string[];
}

export interface Admin {
  readonly port: number;
  close(): Promise<void>;
}

/** Resolves once it listens; rejects with the system's error. */
export async function startAdmin({ host, port, unready, notes }: AdminOptions): Promise<Admin> {
  const pages: Readonly<Record<string, () => readonly [number, unknown]>> = {
    '/healthz': () => [200, { status: 'ok' }],
    '/readyz': () => {
      const reasons = unready();
      if (reasons.length > 0) return [503, { ready: false, reasons }];
      const noted = notes();
      return [200, noted.length > 0 ? { ready: true, notes: noted } : { ready: true }];
    },
  };
  const server = createServer(
    { headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 75_000 },
    (request, response) => {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
      const reads = request.method === 'GET' || request.method === 'HEAD';
      const [status, content] =
        page === undefined ? [404, { pages: Object.keys(pages) }] : reads ? page() : [405, { allow: ['GET', 'HEAD'] }];
      response.writeHead(status, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
      });
      response.end(`${JSON.stringify(content)}\n`);
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      // When no more sockets can be had, those that wait are taken up as others close.
      server.on('error', () => {});
      resolve();
    });
  });
  return {
    // A listener on TCP has one; only a pipe has a string.
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
