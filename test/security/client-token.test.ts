import { describe, expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { startProxy } from '../support/proxy.ts';
import { ask, raw } from '../support/raw-replies.ts';
import { setStage } from '../support/stage.ts';

const listen = { clientToken: CLIENT_TOKEN };

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function get(...lines: string[]): string {
  return raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...lines]);
}

const ways: [string, string][] = [
  ['Bearerway-Client-Token', CLIENT_TOKEN],
  ['Proxy-Authorization', `Bearer ${CLIENT_TOKEN}`],
  ['Proxy-Authorization', basic('x', CLIENT_TOKEN)],
  ['proxy-authorization', `bearer  ${CLIENT_TOKEN}`],
  ['Proxy-Authorization', `BASIC ${basic('', CLIENT_TOKEN).slice(6)}`],
  ['Authorization', basic('x', CLIENT_TOKEN)],
];

describe('the client token lets in, and goes no further', () => {
  test.each(ways)('%s: %s', async (name, value) => {
    const stage = await setStage({ listen });
    await stage.passes(get(`${name}: ${value}`));
    const [seen] = stage.api.requests;
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain(CLIENT_TOKEN);
    expect(JSON.stringify(seen?.rawHeaders)).not.toContain(basic('x', CLIENT_TOKEN).slice(6));
    expect(seen?.headers.authorization).toBe(`Bearer ${stage.provider.issued[0]}`);
  });

  test('in several ways at once, on a route that has no credential', async () => {
    const api = await startApi();
    const proxy = await startProxy({ listen, routes: [{ prefix: '/api', upstream: api.url }] });
    const all = ways.slice(0, 2).map(([name, value]) => `${name}: ${value}`);
    for (const [name, value] of [...ways, ['bearerway_client_token', CLIENT_TOKEN]]) {
      const reply = await ask(proxy.port, get(...all, `${name}: ${value}`));
      expect(reply.status, name).toBe(200);
    }
    const second = await ask(
      proxy.port,
      get('Authorization: Bearer own', `Authorization: ${basic('x', CLIENT_TOKEN)}`),
    );
    expect(second.status).toBe(200);
    for (const { rawHeaders } of api.requests) {
      const sent = rawHeaders.join('\n');
      expect(sent).not.toContain(CLIENT_TOKEN);
      expect(sent).not.toContain(Buffer.from(`x:${CLIENT_TOKEN}`).toString('base64'));
    }
  });

  test("the client's own Authorization passes on a route that has no credential", async () => {
    const api = await startApi();
    const proxy = await startProxy({ listen, routes: [{ prefix: '/api', upstream: api.url }] });
    const reply = await ask(proxy.port, get(`Bearerway-Client-Token: ${CLIENT_TOKEN}`, 'Authorization: Bearer own'));
    expect(reply.status).toBe(200);
    expect(api.requests[0]?.headers.authorization).toBe('Bearer own');
  });
});

describe('B13 without it nobody gets in', () => {
  test.each([
    ['missing', []],
    ['empty', ['Bearerway-Client-Token:']],
    ['wrong', ['Bearerway-Client-Token: wrong']],
    ['cut', [`Bearerway-Client-Token: ${CLIENT_TOKEN.slice(0, -1)}`]],
    ['longer', [`Proxy-Authorization: Bearer ${CLIENT_TOKEN}x`]],
    ['in another case', [`Proxy-Authorization: Bearer ${CLIENT_TOKEN.toUpperCase()}`]],
    ['as the user', [`Proxy-Authorization: ${basic(CLIENT_TOKEN, '')}`]],
    ['without a colon', [`Proxy-Authorization: Basic ${Buffer.from(CLIENT_TOKEN).toString('base64')}`]],
    ['of another scheme', [`Proxy-Authorization: Digest ${CLIENT_TOKEN}`]],
    ['not base64', ['Proxy-Authorization: Basic %%%']],
    ['as a bearer of the API', [`Authorization: Bearer ${CLIENT_TOKEN}`]],
    ['by a twin', [`Bearerway_Client_Token: ${CLIENT_TOKEN}`]],
    ['in a place of its own', [`X-Token: ${CLIENT_TOKEN}`]],
  ])('%s', async (_, lines) => {
    const stage = await setStage({ listen });
    const reply = await stage.refuses(get(...lines), 407, 'client_unauthorized');
    expect(reply.get('proxy-authenticate')).toBe('Basic realm="bearerway"');
  });

  test('and what is wrong with the request besides is not told first', async () => {
    const stage = await setStage({ listen });
    const lines = ['Host: localhost', 'Expect: foo'];
    for (const line of ['GET /nowhere HTTP/1.1', 'PATCH /api/x HTTP/1.1'])
      await stage.refuses(raw([line, ...lines]), 407, 'client_unauthorized');
  });
});
