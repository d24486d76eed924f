import { describe, expect, test } from 'vitest';
import { raw } from '../support/raw-replies.ts';
import { setStage } from '../support/stage.ts';

function request(line: string, host = 'localhost', ...lines: string[]): string {
  return raw([`${line} HTTP/1.1`, `Host: ${host}`, ...lines]);
}

test('A02, A08 an absolute URL of our own is the path in it, whatever the Host', async () => {
  const stage = await setStage();
  const { port } = stage.proxy;
  for (const host of ['localhost', 'LOCALHOST.', '127.0.0.1', '[::1]', '[0:0:0:0:0:0:0:1]'])
    await stage.passes(request(`GET http://${host}:${port}/api/x?y`));
  await stage.passes(request(`GET HTTP://localhost:${port}/api/x?y`, 'evil.test'));
  await stage.passes(request(`GET https://localhost:${port}/api/x?y`));
  for (const { url, headers } of stage.api.requests)
    expect([url, headers.host]).toEqual(['/x?y', new URL(stage.api.url).host]);
});

test('A05 so it is with a name of listen.allowedHosts, and with our port alone', async () => {
  const stage = await setStage({ listen: { allowedHosts: ['allowed.test'] } });
  const { port } = stage.proxy;
  await stage.passes(request(`GET http://allowed.test:${port}/api/x`));
  for (const authority of ['allowed.test:22', 'allowed.test:0', 'allowed.test', `allowed.test:${port + 1}`])
    await stage.refuses(request(`GET http://${authority}/api/x`), 403, 'forward_denied');
});

describe('this is no open proxy', () => {
  test.each([
    [
      'A01 another host',
      403,
      ['http://evil.test/x', 'http://evil.test/api/x', 'https://evil.test', 'http://0.0.0.0/api/x'],
    ],
    [
      'A04 user information',
      400,
      ['http://localhost@evil.test/', 'http://u:p@localhost/api/x', 'http://@localhost/api'],
    ],
    ['A05 ports', 403, ['http://evil.test:22/', 'http://evil.test:0/']],
    [
      'somebody else on this machine, who may have any port but ours',
      403,
      [1, 22, 80]
        .map((port) => `http://localhost:${port}/api/x`)
        .concat(['http://localhost/api/x', 'http://localhost:/api/x', 'http://127.0.0.1/api/x', 'https://[::1]/api/x']),
    ],
    ['A05 ports that are none', 400, ['http://localhost:99999/api/x', 'http://localhost:x/api']],
    ['A06 other schemes', 400, ['file:///etc/passwd', 'gopher://localhost/', 'ftp://localhost/api', 'javascript:1']],
    [
      'A07 names in disguise',
      403,
      ['http://%6cocalhost/api/x', 'http://localhost../api/x', 'http://xn--localhost/api'],
    ],
    [
      'a malformed authority',
      400,
      ['http://[/api', 'http:///api/x', 'http://a:b:c/api', 'http://[::1/api', 'http://?'],
    ],
    ['a path that leaves', 400, ['http://localhost/api/../x', 'http://localhost//api', 'http://localhost/api/%2e%2e']],
    ['no path at all', 400, ['*', 'api/x', 'localhost/api/x']],
  ])('%s', async (_, status, targets) => {
    const stage = await setStage();
    for (const target of targets)
      await stage.refuses(request(`GET ${target}`), status, status === 403 ? 'forward_denied' : 'bad_request');
  });

  test('nor one by way of a handshake (A09)', async () => {
    const stage = await setStage();
    const lines = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Key: AAAA', 'Sec-WebSocket-Version: 13'];
    await stage.refuses(request('GET http://evil.test/x', 'localhost', ...lines), 403, 'forward_denied');
  });

  test.each(['evil.test:443', 'localhost:443', '127.0.0.1:80', '/api/x'])(
    'A10 nor a tunnel: CONNECT %s is refused with words that help, and its connection ends',
    async (authority) => {
      const stage = await setStage();
      const reply = await stage.refuses(
        `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`,
        405,
        'method_denied',
      );
      expect(reply.body).toContain('http://');
      expect(reply.body).toContain('prefix');
      expect(reply.get('connection')).toBe('close');
      expect(reply.get('allow')).not.toContain('CONNECT');
    },
  );
});

test.each(['/api/x', 'http://localhost/api/x', '/nowhere'])(
  'F22 TRACE %s, which would echo the token',
  async (target) => {
    const stage = await setStage();
    const reply = await stage.refuses(request(`TRACE ${target}`), 405, 'method_denied');
    expect(reply.get('allow')).toContain('GET');
    expect(reply.get('allow')).not.toContain('TRACE');
  },
);
