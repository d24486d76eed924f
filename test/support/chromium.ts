/** A real browser for tests: Debian's Chromium, driven by playwright-core. */
import { spawnSync } from 'node:child_process';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest';

const found = spawnSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).stdout.trim();
if (found === '' && process.env['CI'] === 'true')
  throw new Error('chromium is not installed, and CI leaves no test out (apt-get install chromium)');
if (found === '') console.info('chromium is not installed: the tests with a real browser are NOT run.');

/** Tests that need a browser. Where there is none they are left out, which is said; never in CI. */
export const describeWithChromium = describe.runIf(found !== '');

export interface ChromiumOptions {
  /** Names that it finds at 127.0.0.1 without asking anybody: exact ones, or `*.suffix`. */
  readonly hosts?: readonly string[];
}

export interface Chromium {
  /** A page of a fresh profile; gone when the test is. */
  page(options?: BrowserContextOptions): Promise<Page>;
}

/** One browser for all tests of the suite in whose body this is called. */
export function suiteChromium({ hosts = [] }: ChromiumOptions = {}): Chromium {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: found,
      // Chromium refuses to run its sandbox as root.
      chromiumSandbox: process.getuid?.() !== 0,
      args: [
        `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(', ')}`,
        // It would keep most pages from this machine by itself; other browsers would not.
        '--disable-features=LocalNetworkAccessChecks',
      ],
    });
  }, 60_000);
  afterAll(() => browser?.close());
  return {
    async page(options = {}) {
      if (browser === undefined) throw new Error('the browser is there for tests of its suite alone');
      const context = await browser.newContext(options);
      onTestFinished(() => context.close());
      return context.newPage();
    },
  };
}
