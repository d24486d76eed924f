import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Api, startApi } from '../support/api.ts';
import { connectRaw } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, type RunningProxy, startProxy } from '../support/proxy.ts';
import { hasHead } from '../support/raw-api.ts';

const LIMIT = 100_000;

async function start(limits: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const config = oneRoute(api, provider, { retry: { maxBody: `${LIMIT}B` } });
  const proxy = await startProxy({ ...config, limits });
  return { provider, api, proxy };
}

/** Bytes of which no two stretches are alike. */
function bytes(size: number): Buffer {
  const buffer = Buffer.alloc(size);
  for (let i = 0; i < size; i++) buffer[i] = (i * 31 + (i >> 8) * 17) & 0xff;
  return buffer;
}

function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

/** Sends a body in pieces as chunked: the next piece leaves when the API has got the last one. */
async function inPieces(api: Api, body: Buffer): Promise<AsyncIterable<Buffer>> {
  const size = Math.max(1, Math.ceil(body.length / 4));
  return (async function* pieces() {
    for (let at = 0; at < body.length; at += size) {
      yield body.subarray(at, at + size);
      await api.received(Math.min(at + size, body.length));
    }
  })();
}

async function post(proxy: RunningProxy, api: Api, body: Buffer, framing: string) {
  return proxy.call('/api/upload', { method: 'POST', body: framing === 'chunked' ? await inPieces(api, body) : body });
}

const sizes = [0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 5 * LIMIT];
const cases = ['Content-Length', 'chunked'].flatMap((framing) => sizes.map((size) => [framing, size] as const));

test.each(cases)(
  'R05, R06 a refused body is sent again to the last byte, or not at all: %s, %i bytes',
  async (framing, size) => {
    const { api, provider, proxy } = await start();
    const body = bytes(size);
    await proxy.call('/api/first');
    provider.revoke();

    const reply = await post(proxy, api, body, framing);

    const [, ...tries] = api.requests;
    for (const seen of tries) expect(seen).toMatchObject({ bodyLength: size, bodySha256: sha256(body) });
    if (size <= LIMIT) {
      expect(reply.status).toBe(200);
      expect(reply.headers['bearerway-retry']).toBe('done');
      expect(reply.json()).toMatchObject({ bodySha256: sha256(body), bodyLength: size });
      expect(tries).toHaveLength(2);
      return;
    }
    expect(reply).toMatchObject({ status: 401, text: 'who are you?' });
    expect(reply.headers['bearerway-retry']).toBe('skipped; reason=body-too-large');
    expect(reply.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(tries).toHaveLength(1);
    // The next request has a new token.
    await provider.requested(2);
    const next = await post(proxy, api, body, framing);
    expect(next.status).toBe(200);
    expect(next.headers).not.toHaveProperty('bearerway-retry');
    expect(provider.requests).toHaveLength(2);
  },
);

test.each(['GET', 'DELETE', 'OPTIONS', 'PROPFIND'])(
  'a refused %s with a body is sent again with it',
  async (method) => {
    const { provider, proxy } = await start();
    await proxy.call('/api/first');
    provider.revoke();
    for (const body of [bytes(1000), [bytes(400), bytes(600)]]) {
      const reply = await proxy.call('/api/x', { method, body });
      expect(reply.json()).toMatchObject({ method, bodyLength: 1000 });
      provider.revoke();
    }
  },
);

test('a body that finds no room in the replay memory is streamed and not kept', async () => {
  const { api, provider, proxy } = await start({ replayMemory: '1000B' });
  const body = bytes(2000);
  await proxy.call('/api/first');
  for (const framing of ['Content-Length', 'chunked']) {
    provider.revoke();
    const reply = await post(proxy, api, body, framing);
    expect(reply.status).toBe(401);
    expect(reply.headers['bearerway-retry']).toBe('skipped; reason=body-too-large');
    expect((await proxy.call('/api/x')).status).toBe(200);
  }
});

test('the replay memory is shared: what one request holds, another one does not get', async () => {
  const { api, provider, proxy } = await start({ replayMemory: '1000B' });
  await proxy.call('/api/first');
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  api.behaveOnce((request, response) => {
    request.resume();
    request.on('end', arrived.resolve);
    void held.promise.then(() => response.end());
  });
  const first = proxy.call('/api/holds', { method: 'POST', body: bytes(900) });
  await arrived.promise;
  provider.revoke();
  const second = await proxy.call('/api/x', { method: 'POST', body: bytes(900) });
  expect(second.headers['bearerway-retry']).toBe('skipped; reason=body-too-large');
  held.resolve();
  expect((await first).status).toBe(200);
  await provider.requested(2);
  provider.revoke();
  const third = await proxy.call('/api/x', { method: 'POST', body: bytes(900) });
  expect(third.headers['bearerway-retry']).toBe('done');
});

test('a body known to be too large takes nothing from the replay memory', async () => {
  const { api, provider, proxy } = await start({ replayMemory: `${LIMIT}B` });
  await proxy.call('/api/first');
  const large = await connectRaw(proxy.port);
  large.send(`PUT /api/large HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${2 * LIMIT}\r\n\r\n`);
  large.send(bytes(LIMIT));
  await api.received(LIMIT);
  provider.revoke();
  const reply = await proxy.call('/api/x', { method: 'POST', body: bytes(LIMIT) });
  expect(reply.headers['bearerway-retry']).toBe('done');
  large.send(bytes(LIMIT));
  expect(await large.until(hasHead)).toContain('reason=body-too-large');
});

test('connections that announce a body and send nothing keep no room from others', async () => {
  const { provider, proxy } = await start({ replayMemory: `${LIMIT}B` });
  await proxy.call('/api/first');
  for (let i = 0; i < 5; i++) {
    const silent = await connectRaw(proxy.port);
    silent.send(`POST /api/x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${LIMIT}\r\n\r\n`);
    expect(await silent.until(hasHead)).toContain('100 Continue');
  }
  provider.revoke();
  const reply = await proxy.call('/api/x', { method: 'POST', body: bytes(LIMIT) });
  expect(reply.headers['bearerway-retry']).toBe('done');
});

test('bodies that run out of room in the middle reach the API once, to the last byte', async () => {
  const { api, provider, proxy } = await start({ replayMemory: `${LIMIT}B` });
  await proxy.call('/api/first');
  const [one, two] = [await connectRaw(proxy.port), await connectRaw(proxy.port)];
  for (const client of [one, two]) {
    client.send(`POST /api/x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: ${LIMIT}\r\n\r\n`);
    await client.until(hasHead);
  }
  provider.revoke();
  const half = LIMIT / 2 + 1;
  for (const client of [one, two]) client.send(bytes(LIMIT).subarray(0, half));
  // One of them is streamed now, the other may be waited for.
  await api.received(half);
  for (const client of [one, two]) client.send(bytes(LIMIT).subarray(half));
  const answers = await Promise.all(
    [one, two].map((client) => client.until((text) => /HTTP\/1.1 (200|401)[\s\S]*\r\n\r\n./.test(text))),
  );
  expect(answers.filter((text) => text.includes('reason=body-too-large')).length).toBeGreaterThan(0);
  for (const seen of api.requests.slice(1)) {
    expect(seen).toMatchObject({ bodyLength: LIMIT, bodySha256: sha256(bytes(LIMIT)) });
  }
});

/** Requests that all end in another way, each with a body that fills the replay memory. */
const endings: Readonly<Record<string, (proxy: RunningProxy, api: Api) => Promise<unknown>>> = {
  'it was answered': (proxy) => proxy.call('/api/x', { method: 'POST', body: bytes(LIMIT) }),
  'it was refused and sent again': (proxy, api) => {
    api.rejectOnce();
    return proxy.call('/api/x', { method: 'POST', body: bytes(LIMIT) });
  },
  'it was refused for its scope': (proxy, api) => {
    api.behaveOnce((request, response) => {
      request.resume();
      response.writeHead(401, { 'www-authenticate': 'Bearer error="insufficient_scope"' }).end();
    });
    return proxy.call('/api/x', { method: 'POST', body: bytes(LIMIT) });
  },
  'the API broke off': (proxy, api) => {
    api.behaveOnce((request) => request.socket.destroy());
    return proxy.call('/api/x', { method: 'POST', body: [bytes(LIMIT)] });
  },
  'its client left in the middle of it': async (proxy) => {
    const client = await connectRaw(proxy.port);
    client.send(`POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${LIMIT}\r\n\r\nabc`);
    client.socket.destroy();
    await proxy.served(2);
  },
  'its client left while it waited for the answer': async (proxy, api) => {
    const arrived = Promise.withResolvers<void>();
    api.behaveOnce((request) => {
      request.resume();
      request.on('end', arrived.resolve);
    });
    const client = await connectRaw(proxy.port);
    client.send(`POST /api/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${LIMIT}\r\n\r\n`);
    client.send(bytes(LIMIT));
    await arrived.promise;
    client.socket.destroy();
    await proxy.served(2);
  },
};

test.each(Object.keys(endings))('what was kept of a body is given back when %s', async (name) => {
  const { api, provider, proxy } = await start({ replayMemory: `${LIMIT}B` });
  await proxy.call('/api/first');
  await endings[name]?.(proxy, api);
  provider.revoke();
  const reply = await proxy.call('/api/x', { method: 'POST', body: bytes(LIMIT) });
  expect(reply.headers['bearerway-retry']).toBe('done');
});
