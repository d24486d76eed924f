import { describe, expect, test } from 'vitest';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';
import { ask, raw } from '../support/raw-replies.ts';
import { startRecorder } from '../support/recorder.ts';
import { setStage } from '../support/stage.ts';
import type { StrictMessage } from '../support/strict-messages.ts';

interface Sent {
  readonly message: StrictMessage;
  readonly token: string;
}

/** What an API gets on the wire of a request with these lines. */
async function sent(lines: readonly string[], inject: Record<string, unknown> = {}): Promise<Sent> {
  const provider = await startIdentityProvider();
  const recorder = await startRecorder();
  const proxy = await startProxy({
    credentials: { main: credentialFor(provider, { inject }) },
    routes: [{ prefix: '/api', upstream: recorder.url, credential: 'main' }],
  });
  const reply = await ask(proxy.port, Buffer.from(raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...lines]), 'latin1'));
  expect(reply.status).toBe(200);
  const [message, second] = recorder.messages;
  if (message === undefined || second !== undefined) throw new Error('not exactly one request came in');
  return { message, token: provider.issued[0] ?? 'none' };
}

/** The names of all fields, as a server sees them that folds every other character into a dash. */
function folded({ lines }: StrictMessage): string[] {
  return lines
    .filter((_, index) => index % 2 === 0)
    .map((name) =>
      name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, ''),
    );
}

describe('A14 there is exactly one Authorization at the API, and it is ours', () => {
  test.each([
    ['none of the client', []],
    ['one', ['Authorization: Bearer theirs']],
    ['two', ['Authorization: Bearer theirs', 'authorization: Basic eDp5']],
    ['twins', ['Authorization_: a', '_authorization: b', 'AUTHORIZATION-: c', 'authorization.: d']],
    ['named in Connection', ['Connection: authorization']],
    ['F18 named among others', ['Connection: close, authorization, x-forwarded-for', 'X-Forwarded-For: 1.2.3.4']],
    ['F19 named behind an empty one', ['Connection:', 'Connection: Authorization', 'Authorization: theirs']],
    ['named in Proxy-Connection', ['Proxy-Connection: authorization', 'Authorization: theirs']],
  ])('%s', async (_, lines) => {
    const { message, token } = await sent(lines);
    expect(message.all('authorization')).toEqual([`Bearer ${token}`]);
    expect(folded(message).filter((name) => name === 'authorization')).toHaveLength(1);
    expect(message.all('x-forwarded-for')).toEqual([]);
  });
});

describe('a token in a field of another name is the only one of that name, too', () => {
  test.each(['X-Api-Key', 'api_key', 'X_Api-Key', 'apikey'])('%s', async (header) => {
    const dashed = header.replaceAll('_', '-');
    const twins = [header, header.toLowerCase(), dashed, header.replaceAll('-', '_'), `${dashed}_`];
    const { message, token } = await sent([...twins.map((name) => `${name}: theirs`), 'Authorization: own'], {
      header,
      scheme: 'Key',
    });
    expect(message.all(header.toLowerCase())).toEqual([`Key ${token}`]);
    expect(folded(message).filter((name) => name === dashed.toLowerCase())).toHaveLength(1);
    expect(message.all('authorization')).toEqual(['own']);
  });
});

test('a token in the query is the only parameter of its name', async () => {
  const provider = await startIdentityProvider();
  const recorder = await startRecorder();
  const proxy = await startProxy({
    credentials: { main: credentialFor(provider, { inject: { query: 'access_token' } }) },
    routes: [{ prefix: '/api', upstream: recorder.url, credential: 'main' }],
  });
  for (const query of [
    '',
    '?',
    '?access_token=theirs',
    '?a=%zz&access%5Ftoken=theirs&b',
    '?access_token&access_token=',
  ])
    expect((await ask(proxy.port, raw([`GET /api/x${query} HTTP/1.1`, 'Host: localhost']))).status).toBe(200);
  const ours = `access_token=${provider.issued[0]}`;
  expect(recorder.messages.map(({ target }) => target)).toEqual([
    ...[`/x?${ours}`, `/x?${ours}`, `/x?${ours}`, `/x?a=%zz&b&${ours}`, `/x?${ours}`],
  ]);
});

describe('what the config removes or sets is gone, in every spelling', () => {
  test.each(['X-Tenant', 'X_Tenant', 'x-tenant'])('%s', async (name) => {
    const theirs = ['X-Tenant: theirs', 'X_Tenant: theirs', 'x-tenant_: theirs'];
    const removed = await setStage({ route: { headers: { remove: [name] } } });
    await removed.passes(raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...theirs]));
    expect(removed.api.requests[0]?.rawHeaders).not.toContain('theirs');
    const set = await setStage({ route: { headers: { set: { [name]: 'ours' } } } });
    await set.passes(raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...theirs]));
    expect(set.api.requests[0]?.rawHeaders).not.toContain('theirs');
    expect(set.api.requests[0]?.headers[name.toLowerCase()]).toBe('ours');
  });
});

describe('fields of the connection stay at it', () => {
  test('hop-by-hop ones, and what Connection names', async () => {
    const lines = ['Connection: keep-alive, X-Private', 'X-Private: 1', 'Keep-Alive: timeout=5', 'Proxy-Connection: x'];
    const more = ['Proxy-Authorization: Basic eDp5', 'Trailer: X-T', 'X-Public: 1', 'Proxy-Authenticate: x'];
    const { message } = await sent([...lines, ...more]);
    const theirs = [
      'x-private',
      'keep-alive',
      'proxy-connection',
      'proxy-authorization',
      'trailer',
      'proxy-authenticate',
    ];
    expect(folded(message).filter((name) => theirs.includes(name))).toEqual([]);
    expect(message.all('x-public')).toEqual(['1']);
  });

  test('F27 an upgrade to h2c, and the request goes on', async () => {
    const { message } = await sent(['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk']);
    expect(folded(message).filter((name) => /upgrade|http2/.test(name))).toEqual([]);
    expect(message.all('connection').join()).not.toMatch(/upgrade|http2/i);
  });

  test('F26 an upgrade with a body is refused, but for h2c, which is never passed on', async () => {
    const set = await setStage();
    const withBody = (protocol: string): string =>
      `POST /api/x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\nContent-Length: 2\r\n\r\nhi`;
    await set.refuses(withBody('websocket'), 400, 'bad_request');
    await set.passes(withBody('h2c'));
  });

  test('but TE: trailers passes, alone', async () => {
    expect((await sent(['TE: trailers', 'Connection: TE'])).message.all('te')).toEqual(['trailers']);
    expect((await sent(['TE: gzip;q=1, trailers'])).message.all('te')).toEqual(['trailers']);
    expect((await sent(['TE: gzip'])).message.all('te')).toEqual([]);
  });

  test('F20 twins of framing are no framing at the API either', async () => {
    const { message } = await sent([
      'Transfer_Encoding: chunked',
      'Content_Length: 5',
      'content-length_: 6',
      'Host_: evil',
    ]);
    expect(folded(message).filter((name) => /^(transfer-encoding|content-length)$/.test(name))).toEqual([]);
    expect(folded(message).filter((name) => name === 'host')).toHaveLength(1);
    expect(message.framing).toBe('none');
  });
});

test('F29 names that mean something to JavaScript are names like any other', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '__defineGetter__', 'prototype'];
  const { message } = await sent(names.map((name) => `${name}: x`));
  expect(message.lines.filter((_, index) => index % 2 === 0)).toEqual(expect.arrayContaining(names));
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('x');
});

test('order, case, duplicates and bytes of the others are kept', async () => {
  const lines = [
    'X-b: 1',
    'x-A: \xe9\t \x80',
    'X-b: 2',
    'Cookie: a=1; b',
    'cookie: c=2',
    'Accept:',
    'Accept-Encoding: br',
  ];
  const { message } = await sent(lines);
  const kept = message.lines.flatMap((name, index) =>
    index % 2 === 0 ? [`${name}: ${message.lines[index + 1]}`] : [],
  );
  expect(kept.filter((line) => !/^(host|connection|bearerway-hop|x-request-id|authorization)/i.test(line))).toEqual(
    lines.map((line) => (line === 'Accept:' ? 'Accept: ' : line)),
  );
});
