/** B15 What web pages can do to a proxy on the same machine, and what they cannot: shown with a real browser. */
import { expect, test } from 'vitest';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { describeWithChromium, suiteChromium } from '../support/chromium.ts';
import { oneRoute, startProxy } from '../support/proxy.ts';
import { attempt, startSite } from '../support/site.ts';
import { type Stage, setStage } from '../support/stage.ts';
import { startWebSocketApi } from '../support/websocket-api.ts';

/** What a page does to reach `target`, as the body of an async function; each ends on its own. */
const ways: Readonly<Record<string, string>> = {
  'fetch, to read': 'await fetch(target).catch(() => {})',
  'fetch with credentials': "await fetch(target, { credentials: 'include' }).catch(() => {})",
  'fetch, blindly': "await fetch(target, { mode: 'no-cors' })",
  'a simple POST': "await fetch(target, { method: 'POST', mode: 'no-cors', body: 'x' })",
  'a POST that keeps alive': "await fetch(target, { method: 'POST', mode: 'no-cors', body: 'x', keepalive: true })",
  'fetch with a preflight': "await fetch(target, { method: 'PUT', headers: { 'X-A': 'b' } }).catch(() => {})",
  'fetch that hides its referrer': "await fetch(target, { mode: 'no-cors', referrerPolicy: 'no-referrer' })",
  'fetch by way of a redirect': 'await fetch(redirect).catch(() => {})',
  'a POST by way of a redirect': "await fetch(redirect, { method: 'POST', mode: 'no-cors', body: 'x' })",
  XMLHttpRequest: "const x = new XMLHttpRequest(); x.open('POST', target); x.send('y'); await over(x, 'loadend')",
  'a beacon': "navigator.sendBeacon(target, 'x')",
  'a form': "form('post', target)",
  'a form of plain text': "form('post', target, 'text/plain')",
  'a form that asks': "form('get', target)",
  'a form by way of a redirect': "form('post', redirect)",
  'an image': "await load('img', { src: target })",
  'an image by way of a redirect': "await load('img', { src: redirect })",
  'an image that may be read': "await load('img', { src: target, crossorigin: '' })",
  'a script': "await load('script', { src: target })",
  'a module': 'await import(target).catch(() => {})',
  'a style sheet': "await load('link', { rel: 'stylesheet', href: target })",
  'a prefetch': "await load('link', { rel: 'prefetch', href: target })",
  'a video': "const v = Object.assign(document.createElement('video'), { src: target }); await over(v, 'error')",
  'an object': "await load('object', { data: target, type: 'image/svg+xml' })",
  'a frame': "await load('iframe', { src: target })",
  'a frame by way of a redirect': "await load('iframe', { src: redirect })",
  'another window': 'open(target)',
  'a link with a ping': "const a = document.createElement('a'); a.href = '#'; a.ping = target; a.click()",
  'an EventSource': "await over(new EventSource(target), 'error')",
  'a WebSocket': "await over(new WebSocket(target.replace('http', 'ws')), 'error')",
  'a frame without an origin': "await inFrame('fetch(target)', { sandbox: 'allow-scripts' })",
  'a frame without an origin, blindly': `await inFrame("fetch(target, { mode: 'no-cors' })", { sandbox: 'allow-scripts' })`,
  'a WebSocket without an origin': `await inFrame("over(new WebSocket(target.replace('http', 'ws')), 'error')", { sandbox: 'allow-scripts' })`,
  'a page that is a data: URL': "await inFrame('fetch(target)')",
  'a worker': "await inWorker('fetch(target)')",
};

/** Every request that came, and there was one, was refused so; none went further. */
async function reachedNothing({ proxy, api, provider }: Stage, code: string): Promise<void> {
  const lines = await proxy.served(1);
  expect(lines.filter(({ error }) => error !== code)).toEqual([]);
  expect(api.requests).toEqual([]);
  expect(provider.requests).toHaveLength(1);
}

describeWithChromium('B15', () => {
  const chromium = suiteChromium({ hosts: ['*.test'] });

  test.each(Object.keys(ways))('a page of another origin cannot reach a route by %s', async (way) => {
    const stage = await setStage({ listen: { allowedOrigins: ['http://app.test'] } });
    const page = await chromium.page();
    await page.goto(await startSite('evil.test'));
    await attempt(page, ways[way] ?? '', `${stage.proxy.url}/api/x`);
    await reachedNothing(stage, 'origin_denied');
  });

  test.each(['an image', 'a form', 'fetch, blindly', 'fetch, to read', 'a WebSocket', 'a frame'])(
    'nor can one from another port of localhost: %s',
    async (way) => {
      const stage = await setStage();
      const page = await chromium.page();
      await page.goto(await startSite('localhost'));
      await attempt(page, ways[way] ?? '', `http://localhost:${stage.proxy.port}/api/x`);
      await reachedNothing(stage, 'origin_denied');
    },
  );

  test.each(['fetch, to read', 'fetch with a preflight', 'a form', 'a script', 'an EventSource', 'a WebSocket'])(
    'B01 nor one whose name leads here now (DNS rebinding): %s',
    async (way) => {
      const stage = await setStage();
      const page = await chromium.page();
      const origin = `http://evil.test:${stage.proxy.port}`;
      // What its own server answered, before the name led to us.
      await page.route(`${origin}/`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>x</title>' }));
      await page.goto(`${origin}/`);
      await page.unrouteAll();
      await attempt(page, ways[way] ?? '', `${origin}/api/x`);
      await reachedNothing(stage, 'host_denied');
    },
  );

  test.each(['fetch, blindly', 'an image'])('B03 nor one by the address of all interfaces: %s', async (way) => {
    const stage = await setStage();
    const page = await chromium.page();
    await page.goto(await startSite('evil.test'));
    await attempt(page, ways[way] ?? '', `http://0.0.0.0:${stage.proxy.port}/api/x`);
    await reachedNothing(stage, 'host_denied');
  });

  test('a page of an allowed origin reads answers, their fields, and why it is refused; preflights and all', async () => {
    const site = await startSite('app.test');
    const stage = await setStage({ listen: { allowedOrigins: [site] }, route: { methods: ['GET', 'PUT'] } });
    stage.api.behaveOnce((request, response) => {
      const theirs = { 'Access-Control-Allow-Origin': 'https://other.test', 'X-Count': '7' };
      request.resume().on('end', () => response.writeHead(200, theirs).end('hello'));
    });
    const page = await chromium.page();
    await page.goto(site);
    const script = `
      const put = await fetch(target, { method: 'PUT', headers: { 'X-A': 'b' }, body: 'y' });
      const lost = await fetch(target.replace('/api', '/nowhere'));
      const post = await fetch(target, { method: 'POST' });
      const codes = [(await lost.json()).code, (await post.json()).code];
      return [put.status, put.headers.get('X-Count'), await put.text(), lost.status, post.status, ...codes];`;
    expect(await attempt(page, script, `${stage.proxy.url}/api/x`)).toEqual([
      ...[200, '7', 'hello'],
      ...[404, 405, 'no_route', 'method_denied'],
    ]);
    expect(stage.api.requests.map(({ method }) => method)).toEqual(['PUT']);
  });

  test('it is not let send what the route does not allow, and no credentials', async () => {
    const site = await startSite('app.test');
    const stage = await setStage({ listen: { allowedOrigins: [site] }, route: { methods: ['GET'] } });
    const page = await chromium.page();
    await page.goto(site);
    const script = `
      const del = await fetch(target, { method: 'DELETE' }).catch(({ name }) => name);
      const cookies = await fetch(target, { credentials: 'include' }).catch(({ name }) => name);
      return [del, cookies];`;
    expect(await attempt(page, script, `${stage.proxy.url}/api/x`)).toEqual(['TypeError', 'TypeError']);
    expect(stage.api.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  test('it sends the client token in a field of ours; without it gets nothing', async () => {
    const site = await startSite('app.test');
    const stage = await setStage({ listen: { allowedOrigins: [site], clientToken: CLIENT_TOKEN } });
    const page = await chromium.page();
    await page.goto(site);
    const script = `
      const headers = { 'Bearerway-Client-Token': '${CLIENT_TOKEN}' };
      const without = await fetch(target).catch(({ name }) => name);
      return [without, (await fetch(target, { headers })).status];`;
    // Chromium takes no 407 from who is no proxy.
    expect(await attempt(page, script, `${stage.proxy.url}/api/x`)).toEqual(['TypeError', 200]);
    expect(stage.api.requests).toHaveLength(1);
  });

  test('it reads events as they come', async () => {
    const site = await startSite('app.test');
    const stage = await setStage({ listen: { allowedOrigins: [site] } });
    stage.api.behaveOnce((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: one\n\n');
    });
    const page = await chromium.page();
    await page.goto(site);
    const script = "const s = new EventSource(target); return over(s, 'message').then(({ data }) => data)";
    expect(await attempt(page, script, `${stage.proxy.url}/api/x`)).toBe('one');
  });

  test('it opens a WebSocket', async () => {
    const site = await startSite('app.test');
    const { provider } = await setStage();
    const api = await startWebSocketApi(provider);
    const proxy = await startProxy({ ...oneRoute(api, provider), listen: { allowedOrigins: [site] } });
    const page = await chromium.page();
    await page.goto(site);
    const script = `
      const socket = new WebSocket(target.replace('http', 'ws'));
      await over(socket, 'open');
      socket.send('hello');
      return over(socket, 'message').then(({ data }) => data);`;
    expect(await attempt(page, script, `${proxy.url}/api/x`)).toBe('hello');
  });
});
