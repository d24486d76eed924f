/** What the status page shows, against what happened. */
import { expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { expectNoCanary } from '../support/canary.ts';
import { describeWithChromium, suiteChromium } from '../support/chromium.ts';
import { connectRaw } from '../support/client.ts';
import { MovedClock } from '../support/clock.ts';
import { listen } from '../support/event-stream.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, oneRoute, startProxy } from '../support/proxy.ts';
import { openStatusPage } from '../support/status-page.ts';

const OBTAINED = /token obtained/;
const FAILED = /no token could be had/;

async function start() {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const clock = new MovedClock();
  const proxy = await startProxy(oneRoute(api, provider), { clock });
  await proxy.told(OBTAINED);
  return { provider, api, clock, proxy };
}

describeWithChromium('the status page', () => {
  const chromium = suiteChromium();

  test('tells of each route what came of its requests, and how to try it', async () => {
    const { proxy, api, clock } = await start();
    const shown = await openStatusPage(chromium, proxy, { isPatient: true });
    await shown.verdict('All is well');
    for (let i = 0; i < 19; i += 1) await proxy.call('/api/x');
    api.behaveOnce(whenWhole((_, response) => response.writeHead(500).end()));
    await proxy.call('/api/broken');
    await proxy.served(20);
    clock.advance(1000);
    const cells = shown.route('/api').locator('td');
    await cells.nth(3).filter({ hasText: '20' }).waitFor();
    expect(await shown.route('/api').getByRole('img').getAttribute('aria-label')).toBe(
      '20 requests, 1 error in the last minute',
    );
    expect(await cells.allTextContents()).toMatchObject([
      `${api.url} · maincurl ${proxy.url}/api/anything`,
      ...['', '2.0', '20', '1'],
      ...[/* the clock stood still */ '0.0 ms', '0.0 ms'],
      'Copy',
    ]);
    expect(await shown.route('/api').locator('th').textContent()).toBe('/api');
    expect(shown.complaints).toEqual([]);
  });

  test('a token that was revoked is seen refused, refreshing, and green again, while the proxy lives a twentieth of a second', async () => {
    const { proxy, provider, clock } = await start();
    const shown = await openStatusPage(chromium, proxy, { isPatient: true });
    await shown.tone('main', 'good');
    provider.revoke();
    provider.goSlow();
    const call = proxy.call('/api/x');
    await provider.requested(2);
    clock.advance(0);
    await shown.tone('main', 'busy');
    expect(await shown.credential('main').textContent()).toContain('refused by an API, refreshing …');
    provider.goOn();
    expect((await call).status).toBe(200);
    clock.advance(50);
    await shown.tone('main', 'good');
    expect(await shown.credential('main').textContent()).toContain('Refreshes2, 0 failures');
    clock.advance(250);
    await shown.shows(1);
    expect(await shown.requests.first().textContent()).toContain('done');
    expectNoCanary(await shown.page.content(), 'the page');
    expect(shown.complaints).toEqual([]);
  });

  test('the button gets a new token, and says why there is none', async () => {
    const { proxy, provider, clock } = await start();
    const shown = await openStatusPage(chromium, proxy, { isPatient: true });
    const button = shown.page.getByRole('button', { name: 'Refresh main' });
    await button.click();
    await shown.page.getByText('main has a new token.').waitFor();
    expect(provider.issued).toHaveLength(2);
    provider.answerAlways({ status: 401, body: { error: 'invalid_client' } });
    await button.click();
    await shown.page.getByText(/No new token for main: token_refused: .*invalid_client/).waitFor();
    clock.advance(1000);
    await shown.verdict('Ready, but not all is well');
    await shown.tone('main', 'busy');
    expect(await shown.credential('main').locator('.failure').textContent()).toMatch(
      /^token_refused: .*invalid_client.*; again in 29 s$/,
    );
    expect(await shown.page.evaluate('document.activeElement.textContent')).toBe('Refresh');
  });

  test('it says why the proxy is not ready', async () => {
    const provider = await startIdentityProvider();
    provider.answerAlways({ status: 401, body: { error: 'invalid_client' } });
    const proxy = await startProxy(oneRoute(await startApi(provider), provider));
    await proxy.told(FAILED);
    const shown = await openStatusPage(chromium, proxy, { isPatient: true });
    await shown.verdict('Not ready');
    expect(await shown.page.locator('#problems li').allTextContents()).toEqual([
      expect.stringMatching(/^credential main: token_refused: .*invalid_client/),
    ]);
    await shown.tone('main', 'bad');
    expect(await shown.page.title()).toBe('Not ready · Bearerway');
  });

  test('requests come as they end; a filter and a pause hold', async () => {
    const { proxy, clock } = await start();
    // Somebody listens already: the page is told of it twice.
    await listen(proxy);
    await proxy.call('/api/before');
    await proxy.served(1);
    const shown = await openStatusPage(chromium, proxy, { isPatient: true });
    await shown.shows(1);
    for (const path of ['/api/one', '/nowhere/two', '/api/three']) await proxy.call(path);
    await proxy.served(4);
    clock.advance(250);
    await shown.shows(4);
    expect(await shown.paths()).toEqual(['/api/three', '/nowhere/two', '/api/one', '/api/before']);
    const tones = shown.page.locator('#requests .tone');
    expect(await tones.evaluateAll((all) => all.map((each) => each.getAttribute('data-tone')))).toEqual([
      ...['good', 'busy', 'good', 'good'],
    ]);

    await shown.page.getByLabel('Filter').fill('404 NO_ROUTE');
    await shown.shows(1, 4);
    expect(await shown.paths()).toEqual(['/nowhere/two']);
    await shown.page.getByLabel('Filter').fill('no_route api');
    await shown.shows(0, 4);
    await shown.page.getByLabel('Filter').fill('/api');
    const pause = shown.page.getByRole('button', { name: 'Pause' });
    await pause.click();
    for (const path of ['/api/four', '/nowhere/five']) await proxy.call(path);
    await proxy.served(6);
    clock.advance(250);
    await shown.page.getByText('paused, 2 more since').waitFor();
    expect(await shown.paths()).toEqual(['/api/three', '/api/one', '/api/before']);
    expect(await pause.getAttribute('aria-pressed')).toBe('true');
    await pause.click();
    await shown.shows(4, 6);
    expect(await shown.paths()).toEqual(['/api/four', '/api/three', '/api/one', '/api/before']);
  });

  test('of too many at once it tells how many it does not show', async () => {
    const { proxy, clock } = await start();
    const shown = await openStatusPage(chromium, proxy, { isPatient: true });
    const client = await connectRaw(proxy.port);
    client.send('GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(60));
    await proxy.served(60);
    clock.advance(250);
    await shown.page.getByText('25 of 25 shown · 35 not told of').waitFor();
  });

  test('names and paths are text, whatever they say', async () => {
    const provider = await startIdentityProvider();
    const api = await startApi();
    const clock = new MovedClock();
    const name = '<img src=x onerror=alert(1)> & "é"';
    const proxy = await startProxy(
      {
        credentials: { [name]: credentialFor(provider) },
        routes: [{ prefix: '/api', upstream: api.url, credential: name }],
      },
      { clock },
    );
    await proxy.told(OBTAINED);
    const shown = await openStatusPage(chromium, proxy, { isPatient: true });
    const client = await connectRaw(proxy.port);
    const path = '/api/<script>alert(1)</script>\'"&amp;<svg/onload=alert(1)>';
    client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await proxy.served(1);
    clock.advance(1000);
    await shown.shows(1);
    expect(await shown.paths()).toEqual([proxy.requests[0]?.['path']]);
    await shown.page.getByRole('button', { name: `Refresh ${name}` }).click();
    await shown.page.getByText(`${name} has a new token.`).waitFor();
    expect(await shown.page.locator('main img, main script, main svg svg').count()).toBe(0);
    expect(shown.complaints).toEqual([]);
  });

  test('a change of the configuration is shown as it is taken over, and why one is not', async () => {
    const { proxy, api, provider, clock } = await start();
    const shown = await openStatusPage(chromium, proxy, { isPatient: true });
    expect(await shown.page.locator('#reload').textContent()).toBe('As it was at the start.');
    await shown.page.getByText('What is in force').click();
    const config = shown.page.locator('#config');
    expect(await config.textContent()).toContain('"clientSecret": "[secret]"');
    await proxy.reload({ ...oneRoute(api, provider), limits: { inFlight: 77 } });
    proxy.app.reloads.succeeded();
    clock.advance(1000);
    await config.filter({ hasText: '"inFlight": 77' }).waitFor();
    proxy.app.reloads.failed('proxy.yaml:3:5 routes: <b>is wrong</b>');
    clock.advance(1000);
    await shown.verdict('Ready, but not all is well');
    expect(await shown.page.locator('#reload').textContent()).toMatch(
      /^1 change could not be taken over since the start\. The last change, at .*, could not be taken over, and the one before holds:\nproxy\.yaml:3:5 routes: <b>is wrong<\/b>$/,
    );
  });
});
