/** The client token is between a client and us: no form of it reaches an API, by whichever way it is asked. */
import { describe, expect, test } from 'vitest';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { connectRaw } from '../support/client.ts';
import { startEgressProxy } from '../support/egress-proxy.ts';
import { startNamedApi } from '../support/named-api.ts';
import { startProxy } from '../support/proxy.ts';
import { hasHead } from '../support/raw-api.ts';
import { ask, raw, repliesIn } from '../support/raw-replies.ts';
import { startRecorder } from '../support/recorder.ts';
import { setStage } from '../support/stage.ts';

const pair = Buffer.from(`x:${CLIENT_TOKEN}`).toString('base64');

/** All at once: each of them would let the client in, or looks like one that would. */
const everyForm = [
  `Bearerway-Client-Token: ${CLIENT_TOKEN}`,
  `bearerway-client-token: ${CLIENT_TOKEN}`,
  `Bearerway_Client_Token: ${CLIENT_TOKEN}`,
  `Proxy-Authorization: Bearer ${CLIENT_TOKEN}`,
  `Proxy-Authorization: Basic ${pair}`,
  `Proxy_Authorization: Basic ${pair}`,
  `Authorization: Basic ${pair}`,
  `Authorization: Bearer ${CLIENT_TOKEN}`,
  `authorization: bearer  ${CLIENT_TOKEN}`,
];

function expectNoForm(bytes: string): void {
  expect(bytes).toMatch(/^[A-Z]+ \S+ HTTP\/1\.1\r\n/);
  for (const form of [CLIENT_TOKEN, pair, Buffer.from(`:${CLIENT_TOKEN}`).toString('base64')])
    expect(bytes.toLowerCase()).not.toContain(form.toLowerCase());
}

async function start() {
  const recorder = await startRecorder();
  const proxy = await startProxy({
    listen: { clientToken: CLIENT_TOKEN },
    // No token of ours takes the place of what the client sends.
    routes: [{ prefix: '/api', upstream: recorder.url }],
  });
  return { recorder, proxy, sent: () => recorder.recordings.map(({ bytes }) => bytes.toString('latin1')).join('') };
}

describe('none reaches an API', () => {
  test.each([
    ['behind a prefix', '/api/x'],
    ['by its own URL', 'URL/x'],
  ])('%s', async (_, target) => {
    const { recorder, proxy, sent } = await start();
    const line = `GET ${target.replace('URL', recorder.url)} HTTP/1.1`;
    expect((await ask(proxy.port, raw([line, 'Host: localhost', ...everyForm]))).status).toBe(200);
    expectNoForm(sent());
  });

  test.each(everyForm)('beside the right one alone: %s', async (form) => {
    const { proxy, sent } = await start();
    await ask(proxy.port, raw(['GET /api/x HTTP/1.1', 'Host: localhost', everyForm[0] ?? '', form]));
    expectNoForm(sent());
  });

  test('with a handshake', async () => {
    const { proxy, sent } = await start();
    const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];
    await ask(proxy.port, raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...upgrade, ...everyForm]));
    expectNoForm(sent());
    expect(sent()).toMatch(/^Upgrade: websocket\r$/m);
  });

  test('in trailers', async () => {
    const { proxy, sent } = await start();
    const head = raw(['POST /api/x HTTP/1.1', 'Host: localhost', ...everyForm, 'Transfer-Encoding: chunked']);
    const trailers = everyForm.filter((line) => !/^authorization/i.test(line));
    await ask(proxy.port, `${head}1\r\nx\r\n0\r\nX-Sum: 1\r\n${trailers.join('\r\n')}\r\n\r\n`);
    expectNoForm(sent());
    expect(sent()).toContain('X-Sum: 1');
  });

  test('nor anything of a second request on the connection that has none, and is refused', async () => {
    const { proxy, sent } = await start();
    const connection = await connectRaw(proxy.port);
    const first = raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...everyForm]);
    connection.send(first + raw(['GET /api/y HTTP/1.1', 'Host: localhost']));
    const received = await connection.until((text) => repliesIn(text).length === 2);
    expect(repliesIn(received).map(({ status }) => status)).toEqual([200, 407]);
    expectNoForm(sent());
    expect(hasHead(sent()) && !sent().includes('/api/y')).toBe(true);
  });

  test('in the second try', async () => {
    const stage = await setStage({ listen: { clientToken: CLIENT_TOKEN } });
    stage.api.rejectOnce();
    await ask(stage.proxy.port, raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...everyForm]));
    const seen = stage.api.requests.map(({ rawHeaders }) => rawHeaders.join('\n'));
    expect(seen).toHaveLength(2);
    for (const fields of seen) expectNoForm(`GET / HTTP/1.1\r\n${fields}`);
  });

  test.each(['http', 'https'])('nor an egress proxy that stands before it (%s)', async (scheme) => {
    const egress = await startEgressProxy();
    const api = await startNamedApi();
    egress.knows('api.test:80', api.url);
    const proxy = await startProxy({
      listen: { clientToken: CLIENT_TOKEN },
      egress: { proxy: egress.url },
      routes: [{ prefix: '/api', upstream: `${scheme}://api.test`, plaintext: scheme === 'http' }],
    });
    await ask(proxy.port, raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...everyForm]));
    expect(egress.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
    for (const { headers } of api.requests) expectNoForm(`GET / HTTP/1.1\r\n${JSON.stringify(headers)}`);
    expect(api.requests).toHaveLength(scheme === 'http' ? 1 : 0);
  });
});
