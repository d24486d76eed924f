/** http-proxy's successor, httpxy, set up as bench/http-proxy.ts is. */
import { Agent, createServer } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { Socket } from 'node:net';
import { createProxyServer } from 'httpxy';

const [, , port, target = '', connections] = process.argv;
const agent = target.startsWith('https:')
  ? new TlsAgent({ keepAlive: true, maxSockets: Number(connections) })
  : new Agent({ keepAlive: true, maxSockets: Number(connections) });
const proxy = createProxyServer({ target, agent, secure: false, changeOrigin: true });
proxy.on('proxyReq', (request) => request.setHeader('Authorization', 'Bearer bench-token'));
proxy.on('error', () => {});
const withoutPrefix = (url = ''): string => url.replace(/^\/api/, '');
const server = createServer((request, response) => {
  request.url = withoutPrefix(request.url);
  proxy.web(request, response).catch(() => {});
});
server.on('upgrade', (request, socket, head) => {
  request.url = withoutPrefix(request.url);
  if (socket instanceof Socket) proxy.ws(request, socket, {}, head).catch(() => {});
});
server.listen(Number(port), '127.0.0.1');
