/** Who can use the status page, with what, and what it keeps to itself. */
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { startApi, whenWhole } from '../support/api.ts';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { describeWithChromium, suiteChromium } from '../support/chromium.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';
import { openStatusPage, type StatusPage } from '../support/status-page.ts';

const axe = createRequire(import.meta.url).resolve('axe-core');

/** One with something of everything to show: a credential that is fine, one that fails, requests of all kinds. */
async function start(admin: Readonly<Record<string, unknown>> = {}) {
  const provider = await startIdentityProvider();
  const refusing = await startIdentityProvider();
  refusing.answerAlways({ status: 401, body: { error: 'invalid_client' } });
  const api = await startApi(provider);
  const proxy = await startProxy({
    admin: { port: 0, ...admin },
    credentials: { main: credentialFor(provider), other: credentialFor(refusing, { required: false }) },
    routes: [
      { prefix: '/api', upstream: api.url, credential: 'main' },
      { prefix: '/other', upstream: api.url, credential: 'other', methods: ['GET', 'POST'] },
    ],
  });
  await proxy.told(/token obtained/);
  await proxy.told(/no token could be had/);
  await proxy.call('/api/x');
  api.behaveOnce(whenWhole((_, response) => response.writeHead(500).end()));
  await proxy.call(`/api/${'long/'.repeat(40)}`);
  for (const path of ['/other/x', '/nowhere']) await proxy.call(path);
  await proxy.served(4);
  return proxy;
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe finds wrong, by all its rules. Its script is put in by the browser, past the policy of the page. */
async function violations({ page }: StatusPage): Promise<unknown[]> {
  await page.addScriptTag({ path: axe });
  // The types of what a script of a page gives are not known here.
  const found = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as Violation[];
  return found.map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => [html, failureSummary])]);
}

describeWithChromium('the status page', () => {
  const chromium = suiteChromium();

  test.each([
    ['in light', { colorScheme: 'light' }],
    ['in dark', { colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 360, height: 740 } }],
    ['on a phone, in dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
  ] as const)('axe finds nothing wrong %s, and nothing is cut off', async (_, options) => {
    const shown = await openStatusPage(chromium, await start(), { ...options, bypassCSP: true });
    await shown.page.getByText('What is in force').click();
    expect(await violations(shown)).toEqual([]);
    expect(await shown.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  test('the keyboard reaches every control, in the order in which they stand, and shows where it is', async () => {
    const shown = await openStatusPage(chromium, await start());
    const { page } = shown;
    const reached: unknown[] = [];
    for (let i = 0; i < 14; i += 1) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate(`(() => {
          const at = document.activeElement;
          if (getComputedStyle(at).outlineStyle !== 'solid') return 'not seen';
          return at.ariaLabel ?? at.labels?.[0]?.textContent ?? at.textContent;
        })()`),
      );
    }
    expect(reached).toEqual([
      ...['All routes', 'Copy the curl line of /api', 'Copy the curl line of /other'],
      ...['Refresh main', 'Refresh other', 'Filter', 'Pause', 'All recent requests'],
      ...['What is in force, defaults too, without secrets', '/api/status', '/readyz', '/metrics'],
      ...[expect.anything(), expect.anything()],
    ]);
  });

  test('a screen reader finds its parts by name, and is told the verdict', async () => {
    const { page } = await openStatusPage(chromium, await start());
    for (const role of ['banner', 'main', 'contentinfo'] as const) expect(await page.getByRole(role).count()).toBe(1);
    for (const name of ['Routes', 'Credentials', 'Recent requests', 'Configuration'])
      expect(await page.getByRole('region', { name, exact: true }).count()).toBe(1);
    const told = page.getByRole('status').filter({ hasText: 'Ready, but not all is well' });
    expect(await told.getByRole('listitem').textContent()).toMatch(/^credential other: token_refused/);
    await page.getByRole('img', { name: /^time left: 59 m / }).waitFor();
    await page.getByRole('img', { name: 'no token' }).waitFor();
  });

  test('the curl line can be copied; where there is no clipboard it is marked', async () => {
    const proxy = await start();
    const permissions = ['clipboard-read', 'clipboard-write'];
    const { page } = await openStatusPage(chromium, proxy, { permissions });
    const copy = page.getByRole('button', { name: 'Copy the curl line of /api' });
    await copy.click();
    await page.getByText('Copied.').waitFor();
    const line = `curl ${proxy.url}/api/anything`;
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(line);
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    await copy.click();
    await page.getByText('press Ctrl+C').waitFor();
    expect(await page.evaluate('String(getSelection())')).toBe(line);
  });

  test('it asks nobody but the admin port for anything, and breaks no rule of its own', async () => {
    const proxy = await start();
    const shown = await openStatusPage(chromium, proxy);
    expect(shown.asked.filter((url) => new URL(url).origin !== proxy.adminUrl)).toEqual([]);
    expect(shown.asked).toContain(`${proxy.adminUrl}/page/page.css`);
    expect(shown.complaints).toEqual([]);
  });

  test('it says when the proxy has gone, and goes on when it is there again', async () => {
    const proxy = await start();
    const shown = await openStatusPage(chromium, proxy);
    await shown.shows(4);
    const { port } = new URL(proxy.adminUrl);
    await proxy.stop();
    await shown.verdict('No word from the proxy');
    await start({ port: Number(port) });
    await shown.verdict('Ready, but not all is well');
    await shown.shows(4);
  });

  describe('with admin.clientToken', () => {
    test('a browser gets in with it as a password, and so do all that the page asks for', async () => {
      const proxy = await start({ clientToken: CLIENT_TOKEN });
      const httpCredentials = { username: 'anybody', password: CLIENT_TOKEN };
      const shown = await openStatusPage(chromium, proxy, { httpCredentials });
      await shown.shows(4);
      await shown.page.getByRole('button', { name: 'Refresh main' }).click();
      await shown.page.getByText('main has a new token.').waitFor();
    });

    test('or by an address that has it', async () => {
      const proxy = await start({ clientToken: CLIENT_TOKEN });
      const url = proxy.adminUrl.replace('//', `//x:${CLIENT_TOKEN}@`);
      const shown = await openStatusPage(chromium, proxy, { url });
      await shown.shows(4);
      await shown.page.getByRole('button', { name: 'Refresh main' }).click();
      await shown.page.getByText('main has a new token.').waitFor();
      expect(shown.complaints).toEqual([]);
    });
  });
});

test('its files bear the strictest policy, are kept nowhere, and are small', async () => {
  const proxy = await startProxy({ routes: [{ prefix: '/a', upstream: 'http://127.0.0.1:9' }] });
  const { text } = await proxy.askAdmin('/');
  const named = [...text.matchAll(/(?:href|src)="(\/page\/[^"]+)"/g)].map(([, path]) => path ?? '');
  const files = new Set(['/', ...named]);
  let bytes = 0;
  for (const path of files) {
    const reply = await proxy.askAdmin(path);
    expect({ path, status: reply.status }).toEqual({ path, status: 200 });
    expect(reply.headers).toMatchObject({
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    for (const [, module] of reply.text.matchAll(/^import .* from '\.\/(.*)';$/gm)) files.add(`/page/${module}`);
    bytes += reply.body.length;
  }
  expect([...files].toSorted()).toEqual([
    ...['/', '/page/connection.js', '/page/credentials.js', '/page/elements.js', '/page/headline.js', '/page/icon.svg'],
    ...['/page/page.css', '/page/page.js', '/page/requests.js', '/page/routes.js', '/page/words.js'],
  ]);
  expect(bytes).toBeLessThan(30 * 1024);
});

test.each(['tsconfig.json', '..%2fstatus-page.ts', '%2e%2e', 'constructor', 'index.html%00'])(
  'nothing else is a file of it: %s',
  async (name) => {
    const proxy = await startProxy({ routes: [{ prefix: '/a', upstream: 'http://127.0.0.1:9' }] });
    const reply = await proxy.askAdmin(`/page/${name}`);
    expect([400, 404]).toContain(reply.status);
  },
);
