/**
 * Deadlines run on a clock that stands still with the process, so that a stall cuts nobody. An API's own clock runs on:
 * on a machine that was busy, connections were taken for kept that the API had closed, and what was sent on them and
 * cannot be sent twice was lost (found by the soak, at a load of ten per core).
 */
import { expect, test } from 'vitest';
import { MovedClock } from '../support/clock.ts';
import { startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';

/** An API that keeps its connections open all the same. */
async function scene(fields: string) {
  const api = await startRawApi(async (connection) => {
    for (let count = 1; ; count += 1) {
      await connection.until((received) => received.split('\r\n\r\n').length > count);
      connection.send(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`);
    }
  });
  const clock = new MovedClock();
  const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] }, { clock });
  const post = async () => expect((await proxy.call('/api/x', { method: 'POST', body: 'x' })).status).toBe(200);
  return { api, clock, post };
}

test.each([
  ['for the time that the API names, less a second', 'Keep-Alive: timeout=3\r\n', 2000],
  ['for 4 s where it names none', '', 4000],
  ['for a minute in all', 'Keep-Alive: timeout=600\r\n', 60_000],
])('a connection is used again %s, by the real time, however busy the process was', async (_name, fields, ms) => {
  const { api, clock, post } = await scene(fields);
  await post();
  clock.stall(ms - 1);
  await post();
  expect(api.connections).toHaveLength(1);
  clock.stall(ms);
  await post();
  expect(api.connections).toHaveLength(2);
  expect(hasHead(api.connections[1]?.received ?? '')).toBe(true);
});
