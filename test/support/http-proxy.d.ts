/** What the tests use of http-proxy 1.18.1, which has no types of its own. */
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  interface HttpProxy {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(event: 'error', listener: (error: Error) => void): void;
  }

  const httpProxy: { createProxyServer(options: { target: string; agent: Agent }): HttpProxy };
  export default httpProxy;
}
