/** The file of a client token while the proxy runs: who writes something else into it locks nobody out. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { MovedClock } from '../support/clock.ts';
import { startProxy } from '../support/proxy.ts';
import { secretFiles } from '../support/secret-files.ts';

const OTHER_TOKEN = 'canary-client-token-10';

async function start() {
  const file = join(await secretFiles(['token']), 'token');
  await writeFile(file, `${CLIENT_TOKEN}\n`);
  const [api, clock] = [await startApi(), new MovedClock()];
  const port = { port: 0, clientTokenFile: file };
  const routes = [{ prefix: '/api', upstream: api.url }];
  const proxy = await startProxy({ listen: port, admin: port, routes }, { clock });
  return {
    ...{ file, clock, proxy },
    /** What it is answered on the main port, and on the admin port. */
    async statusesOf(token: string): Promise<number[]> {
      const headers = { 'bearerway-client-token': token };
      const replies = [proxy.call('/api/x', { headers }), proxy.askAdmin('/api/status', { headers })];
      return (await Promise.all(replies)).map(({ status }) => status);
    },
  };
}

const LOST = /^(listen|admin)\.clientTokenFile holds no client token; the one before stays in use$/;

test.each([
  ['nothing', '\n', 'is empty'],
  ['what no client could send', `${CLIENT_TOKEN} ${CLIENT_TOKEN}\n`, 'does not hold a client token of visible ASCII'],
])('when its file holds %s, the token before stays in use, and a line says why', async (_, content, why) => {
  const { file, clock, proxy, statusesOf } = await start();
  await writeFile(file, content);
  clock.advance(5000);
  await proxy.told(LOST, 2);

  expect(await statusesOf(CLIENT_TOKEN)).toEqual([200, 200]);
  const lines = proxy.log.filter(({ msg }) => LOST.test(String(msg)));
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn']);
  for (const { reason } of lines) expect(reason).toContain(`${file} ${why}`);
});

test('a token that is there again is taken, and told of', async () => {
  const { file, clock, proxy, statusesOf } = await start();
  await writeFile(file, 'a b');
  clock.advance(5000);
  await proxy.told(LOST, 2);
  await writeFile(file, OTHER_TOKEN);
  clock.advance(5000);
  await proxy.told(/^(listen|admin)\.clientTokenFile holds a client token again$/, 2);

  expect(await statusesOf(OTHER_TOKEN)).toEqual([200, 200]);
  expect(await statusesOf(CLIENT_TOKEN)).toEqual([407, 407]);
});
