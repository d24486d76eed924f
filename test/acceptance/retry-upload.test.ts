import { expect, test } from 'vitest';
import { type Api, type Behaviour, startApi } from '../support/api.ts';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { hasHead } from '../support/raw-api.ts';

const LIMIT = 100_000;

async function start() {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const proxy = await startProxy(oneRoute(api, provider, { retry: { maxBody: `${LIMIT}B` } }));
  await proxy.call('/api/first');
  provider.revoke();
  const client = await connectRaw(proxy.port);
  return { provider, api, proxy, client };
}

/** Refuses as soon as the first of the body is there. */
const early: Behaviour = (request, response) => {
  request.once('data', () => response.writeHead(401, { 'content-length': '5' }).end('early'));
};

/** Refuses like that too, but goes on reading and does not end its answer. */
const endless: Behaviour = (request, response) => {
  request.once('data', () => {
    response.writeHead(401);
    response.write('early');
  });
};

function sendHead(client: RawConnection, framing: string): void {
  client.send(`PUT /api/upload HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`);
}

function sendChunk(client: RawConnection, text: string): void {
  client.send(`${text.length.toString(16)}\r\n${text}\r\n`);
}

/** The next request on the same connection is answered, or the client was told that there can be none. */
async function expectUsable(client: RawConnection): Promise<void> {
  const before = client.received;
  if (/\r\nConnection: close\r\n/i.test(before)) return;
  client.send('GET /api/next HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const received = await client.until((text) => hasHead(text.slice(before.length)));
  expect(received.slice(before.length)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
}

/** Resolves when the API has seen the proxy's first try end. */
function firstTryEnds(api: Api, behaviour: Behaviour): Promise<void> {
  const ended = Promise.withResolvers<void>();
  api.behaveOnce((request, response) => {
    response.on('close', ended.resolve);
    behaviour(request, response);
  });
  return ended.promise;
}

test.each([
  ['the answer ends', early],
  ['the answer goes on', endless],
])(
  'a 401 in the middle of a small upload: it is sent once more, with what comes after (%s)',
  async (_name, refusal) => {
    const { api, client, provider } = await start();
    const firstTryEnded = firstTryEnds(api, refusal);
    sendHead(client, 'Transfer-Encoding: chunked');
    sendChunk(client, 'one,');
    await firstTryEnded;
    sendChunk(client, 'two,');
    sendChunk(client, 'three');
    client.send('0\r\n\r\n');

    const received = await client.until((text) => text.includes('"bodyLength":13'));

    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(received).toContain('\r\nBearerway-Retry: done\r\n');
    expect(provider.requests).toHaveLength(2);
    expect(api.requests.map(({ bodyLength }) => bodyLength)).toEqual([0, 13]);
    await expectUsable(client);
  },
);

test.each([
  ['of known length', `Content-Length: ${4 * LIMIT}`],
  ['chunked', 'Transfer-Encoding: chunked'],
])('a 401 in the middle of a large upload, %s, comes through', async (_name, framing) => {
  const { api, client, provider, proxy } = await start();
  const part = 'x'.repeat(2 * LIMIT);
  const chunked = framing.startsWith('Transfer');
  const send = (): void => (chunked ? sendChunk(client, part) : client.send(part));
  api.behaveOnce((request, response) => {
    request.resume();
    void api.received(2 * LIMIT).then(() => response.writeHead(401, { 'content-length': '5' }).end('early'));
  });
  sendHead(client, framing);
  send();

  const received = await client.until((text) => text.endsWith('early'));

  expect(received).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(received).toContain('\r\nBearerway-Retry: skipped; reason=body-too-large\r\n');
  expect(api.requests).toHaveLength(1);
  await provider.requested(2);
  expect(await proxy.call('/api/other')).toMatchObject({ status: 200 });
  if (/\r\nConnection: close\r\n/i.test(received)) return;
  send();
  if (chunked) client.send('0\r\n\r\n');
  await expectUsable(client);
  expect(provider.requests).toHaveLength(2);
});

test('R07 an upload that outgrows what is kept while the new token is on its way is not sent again in part', async () => {
  const { api, client, provider } = await start();
  provider.goSlow();
  api.behaveOnce(endless);
  sendHead(client, 'Transfer-Encoding: chunked');
  sendChunk(client, 'the first of it');
  await provider.requested(2);
  sendChunk(client, 'x'.repeat(2 * LIMIT));
  await api.received(2 * LIMIT);
  provider.goOn();

  const received = await client.until((text) => text.includes('early'));

  expect(received).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(received).toContain('\r\nBearerway-Retry: skipped; reason=body-too-large\r\n');
  expect(provider.issued).toHaveLength(2);
});

test.each([
  [401, 'Bearerway-Retry: skipped; reason=insufficient-scope', 'Bearer error="insufficient_scope"'],
  [413, undefined, undefined],
])('an early %i that is the answer leaves the connection usable', async (status, mark, challenge) => {
  const { api, client } = await start();
  api.behaveOnce((request, response) => {
    request.once('data', () =>
      response.writeHead(status, challenge === undefined ? {} : { 'www-authenticate': challenge }).end('early'),
    );
  });
  sendHead(client, 'Transfer-Encoding: chunked');
  sendChunk(client, 'the first of it');
  const received = await client.until((text) => text.endsWith('0\r\n\r\n'));
  expect(received).toContain(`HTTP/1.1 ${status} `);
  if (mark !== undefined) expect(received).toContain(mark);
  for (let i = 0; i < 10; i++) sendChunk(client, 'x'.repeat(LIMIT));
  client.send('0\r\n\r\n');
  await expectUsable(client);
});

test('a client that leaves while its refused upload waits for a token takes nothing with it', async () => {
  const { api, client, provider, proxy } = await start();
  provider.goSlow();
  const firstTryEnded = firstTryEnds(api, endless);
  sendHead(client, 'Transfer-Encoding: chunked');
  sendChunk(client, 'the first of it');
  await provider.requested(2);
  const other = proxy.call('/api/other');
  client.socket.resetAndDestroy();
  await firstTryEnded;
  provider.goOn();
  expect((await other).status).toBe(200);
  expect(provider.requests).toHaveLength(2);
  const [, left] = await proxy.served(3);
  expect(left).toMatchObject({ status: 499, error: 'client_left' });
});
