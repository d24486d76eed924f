/** The peer that most Node programs use: http-proxy with a header set on each request. */
import { Agent, createServer } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import httpProxy from 'http-proxy';

const [, , port, target = ''] = process.argv;
const agent = target.startsWith('https:')
  ? new TlsAgent({ keepAlive: true, maxSockets: 256 })
  : new Agent({ keepAlive: true, maxSockets: 256 });
const proxy = httpProxy.createProxyServer({ target, agent, secure: false, changeOrigin: true });
proxy.on('proxyReq', (request) => request.setHeader('Authorization', 'Bearer bench-token'));
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
