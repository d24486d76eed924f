/** An API that repeats the token shows it to the client, whose business it is; no log and no word of ours repeats it. */
import { describe, expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { expectNoCanary } from '../support/canary.ts';
import { connectRaw } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';
import { raw, repliesIn } from '../support/raw-replies.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const EMPTY = 'Content-Length: 0\r\n\r\n';
const chunked = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** The answer of an API whose every request has the same answer, with the token that came in place of TOKEN. */
async function echoing(answer: string, request = 'GET /api/x HTTP/1.1') {
  const provider = await startIdentityProvider();
  const api = await startRawApi(async (connection) => {
    const head = await connection.until(hasHead);
    const token = /^authorization: Bearer (.*)\r$/im.exec(head)?.[1] ?? 'none';
    connection.socket.end(answer.replaceAll('TOKEN', token).replaceAll('LENGTH', String(token.length)), 'latin1');
  });
  const proxy = await startProxy(oneRoute(api, provider));
  const connection = await connectRaw(proxy.port);
  connection.send(raw([request, 'Host: localhost', 'Connection: close']));
  const received = await connection.toEnd();
  await proxy.served(1);
  return { received, proxy, token: provider.issued.at(-1) ?? '' };
}

describe('let through, and not logged: a token in', () => {
  test.each([
    ['a body', `${OK}Content-Length: LENGTH\r\n\r\nTOKEN`],
    ['a chunk', `${chunked}5;x=y\r\nhello\r\ne\r\nTOKEN\r\n0\r\n\r\n`],
    ['a field', `${OK}X-Echo: Bearer TOKEN\r\n${EMPTY}`],
    ['a field of Location', `HTTP/1.1 302 Found\r\nLocation: https://evil.test/?t=TOKEN\r\n${EMPTY}`],
    ['the reason', `HTTP/1.1 200 Bearer TOKEN\r\n${EMPTY}`],
    ['an interim answer', `HTTP/1.1 103 Early Hints\r\nLink: <TOKEN>\r\n\r\n${OK}${EMPTY}`],
    ['trailers', `${chunked}0\r\nX-Echo: TOKEN\r\n\r\n`],
    ['a challenge', `HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer error="TOKEN"\r\n${EMPTY}`],
    ['a refusal', `HTTP/1.1 403 No\r\nContent-Length: LENGTH\r\n\r\nTOKEN`],
  ])('%s', async (_, answer) => {
    const { received, token, proxy } = await echoing(answer);
    expect(received).toContain(token);
    expectNoCanary(JSON.stringify(proxy.log), 'the log');
  });
});

describe('kept back where its answer breaks HTTP, and not logged either: a token in', () => {
  test.each([
    ['a status line', 'HTTP/1.1 TOKEN\r\n\r\n'],
    ['a version', 'TOKEN 200 OK\r\n\r\n'],
    ['a reason with a control byte', `HTTP/1.1 200 TOKEN\x01\r\n${EMPTY}`],
    ['a field without a colon', `${OK}TOKEN\r\n\r\n`],
    ['a field with a space in its name', `${OK}TOKEN : x\r\n${EMPTY}`],
    ['a field with a NUL', `${OK}X: TOKEN\0\r\n${EMPTY}`],
    ['a length', `${OK}Content-Length: TOKEN\r\n\r\n`],
    ['a coding', `${OK}Transfer-Encoding: TOKEN\r\n\r\n`],
    ['a protocol that nobody asked for', `HTTP/1.1 101 TOKEN\r\nConnection: Upgrade\r\nUpgrade: TOKEN\r\n\r\n`],
    ['half a head', `${OK}X-Echo: TOKEN`],
    ['fields that are too many', `${OK}${'X: TOKEN\r\n'.repeat(101)}${EMPTY}`],
  ])('%s', async (_, answer) => {
    const { received, proxy } = await echoing(answer);
    const [reply] = repliesIn(received);
    expect(reply?.code).toMatch(/^upstream_(invalid|reset)$/);
    expectNoCanary(received, 'the answer');
    expectNoCanary(JSON.stringify(proxy.log), 'the log');
  });

  test.each([
    ['a chunk size', `${chunked}TOKEN\r\n`],
    ['trailers that are none', `${chunked}0\r\nTOKEN\r\n\r\n`],
  ])('%s', async (_, answer) => {
    const { received, proxy } = await echoing(answer);
    expect(received).not.toContain('\r\n0\r\n');
    expect((await proxy.served(1))[0]).toMatchObject({ error: 'upstream_invalid' });
    expectNoCanary(JSON.stringify(proxy.log), 'the log');
  });
});

test.each([301, 302, 303, 307, 308])(
  'U20 a redirect (%s) to another host is the client’s to follow: no request and no token of ours goes there',
  async (status) => {
    const provider = await startIdentityProvider();
    const [api, other] = [await startApi(provider), await startApi()];
    const proxy = await startProxy(oneRoute(api, provider));
    api.behave((request, response) => {
      request.resume();
      response.writeHead(status, { Location: `${other.url}/x` }).end();
    });
    const reply = await proxy.call('/api/x', { method: 'POST', body: 'x' });
    expect([reply.status, reply.headers.location]).toEqual([status, `${other.url}/x`]);
    expect([api.requests.length, other.requests]).toEqual([1, []]);
    expect(reply.rawHeaders.join()).not.toContain(provider.issued[0]);
  },
);

test('T18 nor does the secret go where a token endpoint redirects to', async () => {
  const [provider, other] = [await startIdentityProvider(), await startIdentityProvider()];
  provider.answerAlways({ status: 307, headers: { Location: other.url } });
  const proxy = await startProxy(oneRoute(await startApi(provider), provider));
  const { code } = (await proxy.call('/api/x')).json() as { code: string };
  expect([code, other.requests]).toEqual(['token_invalid', []]);
});
