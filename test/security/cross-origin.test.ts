/** What the browser of a page that may ask is told, so that it shows the page the answer (CORS, Fetch §3.3). */
import { describe, expect, test } from 'vitest';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { ask, type RawReply, raw } from '../support/raw-replies.ts';
import { setStage } from '../support/stage.ts';

const ORIGIN = 'https://app.test';
const listen = { allowedOrigins: [ORIGIN] };

function from(line: string, ...lines: string[]): string {
  return raw([`${line} HTTP/1.1`, 'Host: localhost', `Origin: ${ORIGIN}`, ...lines]);
}

function preflight(method: string, ...lines: string[]): string {
  return from('OPTIONS /api/x', `Access-Control-Request-Method: ${method}`, ...lines);
}

/** The fields that speak to browsers, by their names in lower case. */
function saysOf({ lines }: RawReply): Record<string, string> {
  const said = lines.filter((line) => /^(access-control-|vary:)/i.test(line));
  return Object.fromEntries(
    said.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
}

const shared = {
  'access-control-allow-origin': ORIGIN,
  'access-control-expose-headers': '*',
};

describe('a page of an allowed origin', () => {
  test('may read an answer, and its fields', async () => {
    const stage = await setStage({ listen });
    expect(saysOf(await stage.passes(from('GET /api/x')))).toEqual({ ...shared, vary: 'Origin' });
  });

  test("gets our word in place of the API's, which is for others; never with credentials", async () => {
    const stage = await setStage({ listen });
    stage.api.behaveOnce((_, response) => {
      const theirs = { 'Access-Control-Allow-Origin': '*', 'access-control-allow-credentials': 'true' };
      response.writeHead(200, { ...theirs, Vary: 'Accept', 'Access-Control-Expose-Headers': 'x' }).end();
    });
    const reply = await ask(stage.proxy.port, from('GET /api/x'));
    const lines = reply.lines.filter((line) => /^(access-control-|vary:)/i.test(line));
    expect(lines).toEqual([
      'Vary: Accept',
      `Access-Control-Allow-Origin: ${ORIGIN}`,
      'Access-Control-Expose-Headers: *',
      'Vary: Origin',
    ]);
  });

  test.each([
    ['no_route', from('GET /nowhere')],
    ['method_denied', from('PUT /api/x')],
    ['bad_request', from('GET /api/%00')],
    ['expectation_failed', from('GET /api/x', 'Expect: foo')],
    ['host_denied', from('GET /api/x').replace('localhost', 'evil.test')],
  ])('may read why it is refused: %s', async (code, bytes) => {
    const stage = await setStage({ listen, route: { methods: ['GET'] } });
    const reply = await ask(stage.proxy.port, bytes);
    expect(reply.code).toBe(code);
    expect(saysOf(reply)).toEqual({ ...shared, vary: 'Origin' });
    expect(stage.api.requests).toEqual([]);
  });

  test('may read that the API cannot be reached', async () => {
    const stage = await setStage({ listen });
    stage.api.behaveOnce((_, response) => response.destroy());
    const reply = await ask(stage.proxy.port, from('POST /api/x', 'Content-Length: 0'));
    expect(reply.code).toBe('upstream_reset');
    expect(saysOf(reply)).toMatchObject(shared);
  });

  test("is told nothing when it is not alone: an answer to others has the API's words", async () => {
    const stage = await setStage({ listen });
    stage.api.behave((_, response) => response.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end());
    const reply = await ask(stage.proxy.port, raw(['GET /api/x HTTP/1.1', 'Host: localhost']));
    expect(saysOf(reply)).toEqual({ 'access-control-allow-origin': '*' });
    const two = await ask(stage.proxy.port, from('GET /api/x', `Origin: ${ORIGIN}`));
    expect([two.code, saysOf(two)]).toEqual(['origin_denied', {}]);
  });
});

describe('B09 the preflight of an allowed origin is answered here, and reaches no API', () => {
  test('with what the page asks for', async () => {
    const stage = await setStage({ listen });
    const lines = ['Access-Control-Request-Headers: x-one,Bearerway-Client-Token', 'Content-Length: 0'];
    const reply = await stage.refuses(preflight('PATCH', ...lines), 204, undefined);
    expect(saysOf(reply)).toEqual({
      ...shared,
      'access-control-allow-methods': 'PATCH',
      'access-control-allow-headers': 'x-one, bearerway-client-token',
      'access-control-max-age': '600',
      vary: 'Origin',
    });
    expect(reply.lines.filter((line) => /^vary:/i.test(line)).join()).toContain('Access-Control-Request-Headers');
    expect((await stage.proxy.served(1))[0]).toMatchObject({ method: 'OPTIONS', path: '/api/x', status: 204 });
  });

  test('with the methods that the route allows', async () => {
    const stage = await setStage({ listen, route: { methods: ['GET', 'POST'] } });
    const reply = await stage.refuses(preflight('DELETE'), 204, undefined);
    expect(saysOf(reply)['access-control-allow-methods']).toBe('GET, POST');
  });

  test('and where it asks for that, with leave to come from a less private network', async () => {
    const stage = await setStage({ listen });
    const reply = await stage.refuses(preflight('GET', 'Access-Control-Request-Private-Network: true'), 204, undefined);
    expect(saysOf(reply)['access-control-allow-private-network']).toBe('true');
  });

  test.each([
    ['TRACE', 405, 'method_denied'],
    ['CONNECT', 405, 'method_denied'],
    ['', 400, 'bad_request'],
    ['GET\r\nAccess-Control-Request-Method: PUT', 400, 'bad_request'],
    ['GET, PUT', 400, 'bad_request'],
    ['GET\r\nAccess-Control-Request-Headers: a b', 400, 'bad_request'],
  ] as const)('but not for %j', async (method, status, code) => {
    await (await setStage({ listen })).refuses(preflight(method), status, code);
  });

  test('an OPTIONS that is no preflight goes to the API', async () => {
    const stage = await setStage({ listen });
    expect(saysOf(await stage.passes(from('OPTIONS /api/x')))).toMatchObject(shared);
  });

  test("as does one that is no page's", async () => {
    const stage = await setStage({ listen });
    const lines = ['Host: localhost', 'Access-Control-Request-Method: PUT'];
    await stage.passes(raw(['OPTIONS /api/x HTTP/1.1', ...lines]));
  });
});

describe('with a client token', () => {
  const guarded = { listen: { ...listen, clientToken: CLIENT_TOKEN }, route: { methods: ['GET'] } };

  test('a preflight, which cannot bear it, is answered alike whatever routes there are', async () => {
    const stage = await setStage(guarded);
    const onRoute = await stage.refuses(preflight('PUT'), 204, undefined);
    const elsewhere = await stage.refuses(preflight('PUT').replace('/api/x', '/nowhere'), 204, undefined);
    expect(onRoute.lines).toEqual(elsewhere.lines);
    expect(saysOf(onRoute)['access-control-allow-methods']).toBe('PUT');
  });

  test('the request behind it needs the token, and may read that it does', async () => {
    const stage = await setStage(guarded);
    const reply = await stage.refuses(from('GET /api/x'), 407, 'client_unauthorized');
    expect(saysOf(reply)).toMatchObject(shared);
    await stage.passes(from('GET /api/x', `Bearerway-Client-Token: ${CLIENT_TOKEN}`));
  });

  test('a preflight by way of a proxy needs it: browsers show proxies their credentials there too', async () => {
    const stage = await setStage(guarded);
    const absolute = (...lines: string[]) => preflight('GET', ...lines).replace('/api/x', `${stage.api.url}/x`);
    await stage.refuses(absolute(), 407, 'client_unauthorized');
    const credentials = `Basic ${Buffer.from(`x:${CLIENT_TOKEN}`).toString('base64')}`;
    const reply = await stage.refuses(absolute(`Proxy-Authorization: ${credentials}`), 204, undefined);
    expect(saysOf(reply)['access-control-allow-methods']).toBe('GET');
  });

  test('another origin gets no preflight answered with it either', async () => {
    const stage = await setStage(guarded);
    const bytes = preflight('GET', `Bearerway-Client-Token: ${CLIENT_TOKEN}`).replace(ORIGIN, 'https://evil.test');
    const reply = await stage.refuses(bytes, 403, 'origin_denied');
    expect(saysOf(reply)).toEqual({});
  });
});
