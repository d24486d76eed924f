/** The peer that most Node programs use: http-proxy with a header set on each request. */
import { Agent, createServer } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import httpProxy from 'http-proxy';

const [, , port, target = '', connections] = process.argv;
const agent = target.startsWith('https:')
  ? new TlsAgent({ keepAlive: true, maxSockets: Number(connections) })
  : new Agent({ keepAlive: true, maxSockets: Number(connections) });
const proxy = httpProxy.createProxyServer({ target, agent, secure: false, changeOrigin: true });
// Under many connections it tells of some requests when they have gone out already, and would end with an error.
proxy.on('proxyReq', (request) => request.headersSent || request.setHeader('Authorization', 'Bearer bench-token'));
proxy.on('error', () => {});
const withoutPrefix = (url = ''): string => url.replace(/^\/api/, '');
const server = createServer((request, response) => {
  request.url = withoutPrefix(request.url);
  proxy.web(request, response);
});
server.on('upgrade', (request, socket, head) => {
  request.url = withoutPrefix(request.url);
  proxy.ws(request, socket, head);
});
server.listen(Number(port), '127.0.0.1');
