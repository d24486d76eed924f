/** The proxy's own environment may name the proxy itself, for the apps beside it. */
import { expect, test } from 'vitest';
import { egressLog, openEgress } from '../../src/app/egress.ts';
import { parseConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/observe/log.ts';

/** Whether a proxy that the environment names is ignored, and told of, where we listen there. */
function isIgnored(proxy: string, listen: string): boolean {
  const source = `listen: {${listen}}\nroutes: [{prefix: /a, upstream: "https://api.example.com"}]\n`;
  const config = parseConfig(source, { file: 'proxy.yaml', env: { HTTPS_PROXY: proxy } });
  const lines: string[] = [];
  egressLog(config, createLog('info', { write: (line) => void lines.push(line) }));
  const ignored = openEgress(config).proxyFor('https://api.example.com') === undefined;
  expect(lines.some((line) => line.includes('is this proxy itself; it is ignored'))).toBe(ignored);
  return ignored;
}

test.each<[string, readonly string[]]>([
  ['port: 8080', ['http://127.0.0.1:8080', 'localhost:8080', 'https://[::1]:8080', 'http://LOCALHOST.:8080']],
  ['port: 8080', ['http://0.0.0.0:8080', 'http://[::]:8080', 'http://127.1:8080', 'http://[::ffff:127.0.0.1]:8080']],
  ['port: 80', ['http://127.0.0.1', 'http://localhost/']],
  ['host: 0.0.0.0, port: 8080, clientToken: x', ['http://127.0.0.1:8080', 'http://127.0.0.9:8080', '[::1]:8080']],
  ['host: "::", port: 8080, clientToken: x', ['http://[0:0::1]:8080', 'http://127.0.0.1:8080']],
  ['host: Proxy.Internal, port: 8080, clientToken: x', ['http://proxy.internal:8080']],
])('listening with {%s}, an egress proxy that is there is ignored, however it is spelt', (listen, proxies) => {
  for (const proxy of proxies) expect(isIgnored(proxy, listen), proxy).toBe(true);
});

test.each<[string, readonly string[]]>([
  ['port: 8080', ['http://127.0.0.1:3128', 'http://proxy.internal:8080', 'http://10.0.0.1:8080', 'https://127.0.0.1']],
  ['host: 0.0.0.0, port: 8080, clientToken: x', ['http://proxy.internal:8080', 'http://192.0.2.1:8080']],
  ['host: 10.0.0.1, port: 8080, clientToken: x', ['http://127.0.0.1:8080']],
  ['socket: /run/b.sock', ['http://127.0.0.1:8080']],
])('listening with {%s}, another is used', (listen, proxies) => {
  for (const proxy of proxies) expect(isIgnored(proxy, listen), proxy).toBe(false);
});
