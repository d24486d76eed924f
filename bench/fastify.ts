/** The peer that Fastify's users have: @fastify/http-proxy with a header set on each request. */
import proxy from '@fastify/http-proxy';
import fastify from 'fastify';

const [, , port, target = '', connections] = process.argv;
const app = fastify({ bodyLimit: 2 ** 30 });
await app.register(proxy, {
  upstream: target,
  prefix: '/api',
  websocket: true,
  undici: { connections: Number(connections), pipelining: 1, connect: { rejectUnauthorized: false } },
  replyOptions: { rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization: 'Bearer bench-token' }) },
});
await app.listen({ port: Number(port), host: '127.0.0.1' });
