/** Makes `docs/status-page.png`: the shipped configuration beside the sandbox, with traffic of three quarters of a minute. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '..');
const proxy = 'http://127.0.0.1:8080';
const SECONDS = 45;

/** Requests a second, at most. */
const rates = { nitro: 16, podero: 7, optty: 3, spotnana: 10 } as const;
const paths = ['v1/orders', 'v1/orders/4711', 'v2/me', 'v1/trips?from=today'];

/** Waits for the line that says that it listens. */
async function startProxy() {
  const child = spawn(process.execPath, ['src/main.ts', 'run', '--sandbox', '--log-format', 'json'], { cwd: root });
  for await (const text of child.stdout) if (String(text).includes('"listening"')) break;
  if (child.exitCode !== null) throw new Error('it does not start: are the ports 8080, 9090 and 9100 free?');
  child.stdout.resume();
  return child;
}

async function makeTraffic(): Promise<void> {
  for (let second = 0; second < SECONDS; second += 1) {
    for (const [name, rate] of Object.entries(rates)) {
      const now = Math.round(rate * (0.6 + 0.4 * Math.sin(second / 4 + rate)));
      for (let i = 0; i < now; i += 1) await fetch(`${proxy}/${name}/${paths[i % paths.length]}`);
    }
    if (second === 20) await order('podero', { apiStatus: 503, times: 2 });
    if (second === SECONDS - 2) await order('nitro', { revoke: true });
    await setTimeout(600);
  }
}

async function order(provider: string, what: unknown): Promise<void> {
  await fetch(`http://127.0.0.1:9100/_sandbox/${provider}`, { method: 'POST', body: JSON.stringify(what) });
}

const child = await startProxy();
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  // Chromium refuses to run its sandbox as root.
  chromiumSandbox: process.getuid?.() !== 0,
});
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 880 }, locale: 'en-GB' });
  await page.goto('http://127.0.0.1:9090');
  await makeTraffic();
  await page.getByText('All is well').waitFor();
  await page.screenshot({ path: join(root, 'docs/status-page.png') });
} finally {
  await browser.close();
  child.kill();
  await once(child, 'exit');
}
