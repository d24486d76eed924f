/** What the tests and the bench use of http-proxy 1.18.1, which has no types of its own. */
declare module 'http-proxy' {
  import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
  import type { Duplex } from 'node:stream';

  interface HttpProxy {
    web(request: IncomingMessage, response: ServerResponse): void;
    ws(request: IncomingMessage, socket: Duplex, head: Buffer): void;
    on(event: 'error', listener: (error: Error) => void): void;
    on(event: 'proxyReq', listener: (request: ClientRequest) => void): void;
  }

  const httpProxy: {
    createProxyServer(options: { target: string; agent: Agent; secure?: boolean; changeOrigin?: boolean }): HttpProxy;
  };
  export default httpProxy;
}
