/** The status page, as its user has it before them. */
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { Chromium } from './chromium.ts';
import type { RunningProxy } from './proxy.ts';

export class StatusPage {
  readonly page: Page;
  /** What the browser found wrong, breaches of the policy among it. */
  readonly complaints: string[] = [];
  /** URLs of all that it asked for. */
  readonly asked: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('request', (request) => this.asked.push(request.url()));
  }

  verdict(words: string): Promise<void> {
    return this.page.locator('#verdict', { hasText: words }).waitFor();
  }

  route(prefix: string): Locator {
    return this.page.locator('#routes tr').filter({ has: this.page.getByText(prefix, { exact: true }) });
  }

  credential(name: string): Locator {
    return this.page
      .locator('#credentials > li')
      .filter({ has: this.page.getByRole('heading', { name, exact: true }) });
  }

  /** Resolves when there is such a credential in such a tone. */
  async tone(name: string, tone: string): Promise<void> {
    await this.credential(name)
      .and(this.page.locator(`[data-tone=${tone}]`))
      .waitFor();
  }

  get requests(): Locator {
    return this.page.locator('#requests tr');
  }

  /** Paths of the requests that are shown. */
  paths(): Promise<string[]> {
    return this.page.locator('#requests .path').allTextContents();
  }

  /** Resolves when so many are shown of so many. */
  async shows(count: number, known = count): Promise<void> {
    await this.page.locator('#count', { hasText: `${count} of ${known} shown` }).waitFor();
  }
}

/** Resolves when it has said how the proxy is. One that is patient sets no timers: it waits for ever for a clock that is moved. */
export async function openStatusPage(
  chromium: Chromium,
  proxy: Pick<RunningProxy, 'adminUrl'>,
  options: BrowserContextOptions & { readonly url?: string; readonly isPatient?: boolean } = {},
): Promise<StatusPage> {
  const shown = new StatusPage(await chromium.page(options));
  if (options.isPatient) await shown.page.addInitScript('window.setTimeout = () => 0');
  await shown.page.goto(options.url ?? proxy.adminUrl);
  await shown.page.locator('#verdict:not(:text("Asking"))').waitFor();
  await shown.page.locator('#count:not(:empty)').waitFor();
  return shown;
}
