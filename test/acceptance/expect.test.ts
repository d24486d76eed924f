/** A client that waits for `100 Continue` is not told to send its body before there is somebody to take it. */
import { execFile, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { raw, repliesIn } from '../support/raw-replies.ts';
import { listening } from '../support/server.ts';

const MAX_BODY = 10;

/** Bodies of each kind, with the bytes that spell them. */
const bodies = [
  ['small enough to be kept', 'Content-Length: 5', 'hello'],
  ['too large to be kept', 'Content-Length: 20', 'hello, hello, hello.'],
  ['chunked', 'Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
] as const;

function head(framing: string, path = '/api/upload'): string {
  return raw([`PUT ${path} HTTP/1.1`, 'Host: localhost', 'Expect: 100-continue', framing]);
}

function statuses({ received }: RawConnection): number[] {
  return repliesIn(received).map(({ status }) => status);
}

/** Resolves when so many answers are there whole, interim ones too. */
async function answers(client: RawConnection, count: number): Promise<number[]> {
  await client.until(() => statuses(client).length >= count);
  return statuses(client);
}

async function scene(route: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const given = oneRoute(api, provider, { retry: { maxBody: `${MAX_BODY}B` }, ...route });
  return { provider, api, clock, start: () => startProxy(given, { clock }) };
}

describe.each(bodies)('a body %s', (_name, framing, body) => {
  test('waits for the token, then comes whole', async () => {
    const { provider, api, start } = await scene();
    provider.goSlow();
    const { port, call } = await started(start);
    const client = await connectRaw(port);
    client.send(head(framing));
    await provider.requested(1);
    // There and back beside it: what could have been answered meanwhile has been.
    await call('/nowhere');
    expect(client.received).toBe('');
    provider.goOn();
    expect(await answers(client, 1)).toEqual([100]);
    expect(api.requests).toEqual([]);
    client.send(body);
    expect(await answers(client, 2)).toEqual([100, 200]);
    const bodyLength = body.startsWith('5') ? 5 : body.length;
    expect(api.requests).toMatchObject([{ bodyLength, headers: { authorization: `Bearer ${provider.issued[0]}` } }]);
  });

  test.each([
    ['is down', { status: 503 }, 503, 'token_unavailable'],
    ['refuses us', { status: 401, body: { error: 'invalid_client' } }, 502, 'token_refused'],
  ])('is not asked for when the identity provider %s', async (_what, answer, status, code) => {
    const { provider, api, start } = await scene();
    provider.answerAlways(answer);
    const { port } = await start();
    const client = await connectRaw(port);
    client.send(head(framing));
    const [reply, ...more] = repliesIn(await client.toEnd());
    expect(reply).toMatchObject({ status, code });
    expect(reply?.get('connection')).toBe('close');
    expect(more).toEqual([]);
    expect(api.requests).toEqual([]);
  });

  test('is not asked for when nobody is where the API should be', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const { start } = await scene({ upstream: `http://127.0.0.1:${port}` });
    const client = await connectRaw((await start()).port);
    client.send(head(framing));
    expect(repliesIn(await client.toEnd())).toMatchObject([{ status: 502, code: 'upstream_unreachable' }]);
  });

  test('waits for a free connection, and is not asked for when none becomes free in time', async () => {
    const { api, clock, provider, start } = await scene({ connections: 1, timeouts: { connect: '3s' } });
    const { port, call } = await started(start);
    await provider.requested(1);
    await call('/api/first');
    const arrived = Promise.withResolvers<() => void>();
    api.behaveOnce(whenWhole((_, response) => arrived.resolve(() => response.end())));
    const busy = call('/api/busy');
    const answer = await arrived.promise;
    const client = await connectRaw(port);
    const waits = clock.timerSet();
    client.send(head(framing));
    await waits;
    clock.advance(2999);
    await call('/nowhere');
    expect(client.received).toBe('');
    clock.advance(1);
    expect(repliesIn(await client.toEnd())).toMatchObject([{ status: 503, code: 'overloaded' }]);
    answer();
    expect((await busy).status).toBe(200);
  });
});

async function started(start: () => ReturnType<typeof startProxy>) {
  const proxy = await start();
  return { port: proxy.port, call: (path: string) => proxy.call(path) };
}

test.each(bodies)('a refused body gets one 100 all the same: one %s', async (name, framing, body) => {
  const { provider, api, start } = await scene();
  const { port, call } = await started(start);
  await call('/api/first');
  provider.revoke();
  const client = await connectRaw(port);
  client.send(head(framing));
  expect(await answers(client, 1)).toEqual([100]);
  client.send(body);
  const isKept = !name.startsWith('too large');
  expect(await answers(client, 2)).toEqual([100, isKept ? 200 : 401]);
  expect(repliesIn(client.received)[1]?.get('bearerway-retry')).toBe(
    isKept ? 'done' : 'skipped; reason=body-too-large',
  );
  const [, first, second] = api.requests.map(({ bodySha256 }) => bodySha256);
  expect(second).toBe(isKept ? first : undefined);
});

test('who waits for 100 Continue and is answered at once sends nothing, and the connection ends', async () => {
  const { api, start } = await scene();
  const { port } = await started(start);
  api.behaveOnce((_, response) => response.writeHead(413, { 'content-length': 0 }).end());
  const client = await connectRaw(port);
  client.send(head('Content-Length: 20'));
  const received = await client.toEnd();
  expect(repliesIn(received).at(-1)).toMatchObject({ status: 413 });
  expect(repliesIn(received).at(-1)?.get('connection')).toBe('close');
});

test('a client that leaves while its 100 Continue waits for a token costs the API nothing', async () => {
  const { provider, api, start } = await scene();
  provider.goSlow();
  const proxy = await start();
  const client = await connectRaw(proxy.port);
  client.send(head('Content-Length: 5'));
  await provider.requested(1);
  client.socket.end();
  expect(await proxy.served(1)).toMatchObject([{ status: 499, error: 'client_left', bytesIn: 0 }]);
  provider.goOn();
  expect((await proxy.call('/api/next')).status).toBe(200);
  expect(api.requests.map(({ url }) => url)).toEqual(['/next']);
});

const hasCurl = spawnSync('curl', ['--version'], { stdio: 'ignore' }).status === 0;
if (!hasCurl) console.info('curl is not installed: 100 Continue is NOT tested with it.');

describe.runIf(hasCurl)('curl', () => {
  /** Patient enough that it never sends its body unasked. */
  const curl = async (url: string, body: string): Promise<string> => {
    const words = ['-sS', '-o', '/dev/null', '-H', 'Expect: 100-continue', '--expect100-timeout', '600'];
    const told = ['-w', '%{http_code} %{size_upload}', '-d', body, url];
    return (await promisify(execFile)('curl', [...words, ...told])).stdout;
  };

  test('sends its body when there is a token', async () => {
    const { start } = await scene();
    expect(await curl(`${(await start()).url}/api/x`, 'x'.repeat(100_000))).toBe('200 100000');
  });

  test('sends nothing when there is none', async () => {
    const { provider, start } = await scene();
    provider.answerAlways({ status: 503 });
    expect(await curl(`${(await start()).url}/api/x`, 'x'.repeat(100_000))).toBe('503 0');
  });
});
