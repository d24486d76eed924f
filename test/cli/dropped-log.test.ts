import { expect, test } from 'vitest';
import { call, connectRaw } from '../support/client.ts';
import { parsed } from '../support/scrape.ts';
import { anywhere, bearerway, configFile } from './command.ts';

/** In all they are more than the 8 MiB that are held, and what the pipe takes besides. */
const REQUESTS = 1400;
const path = `/nowhere/${'x'.repeat(8000)}`;

test('a log that nobody reads holds up no request; what was dropped is counted, and told when somebody reads', async () => {
  const proxy = bearerway(['run', '-c', await configFile(anywhere)]);
  const { port, admin } = await proxy.listening();
  proxy.child.stdout?.pause();
  const client = await connectRaw(port);
  for (let sent = 0; sent < REQUESTS; sent += 100) {
    client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(100));
    await client.until((text) => text.split('"code":"no_route"').length > sent + 100);
  }
  const dropped = async (): Promise<number | undefined> => {
    const { text } = await call(Number(new URL(admin).port), '/metrics');
    return (await parsed(text)).value('bearerway_log_dropped_total');
  };
  const before = await dropped();
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(REQUESTS);

  const told = new Promise<number>((resolve) => {
    let last = '';
    // The whole log is too long to be looked through with every piece of it.
    proxy.child.stdout?.on('data', (text: string) => {
      last = `${last}${text}`.slice(-100_000);
      const [, count] = /"dropped":(\d+),"msg":"log lines were dropped/.exec(last) ?? [];
      if (count !== undefined) resolve(Number(count));
    });
  });
  proxy.child.stdout?.resume();
  expect(await told).toBe(await dropped());
});
