/** The log goes to whoever reads it; the proxy does not depend on that anybody does. */
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { call } from '../support/client.ts';
import { bearerway, configFile } from './command.ts';

const formats = ['json', 'pretty'] as const;

async function started(format: (typeof formats)[number]) {
  const api = await startApi();
  const file = await configFile({ routes: [{ prefix: '/api', upstream: api.url }], shutdown: { timeout: '0s' } });
  const command = bearerway(['-c', file, '--log-format', format], { env: { NO_COLOR: '1' } });
  // Of both formats: as soon as it listens, the line that says so holds the port.
  while (!/127\.0\.0\.1:\d+/.test(command.stdout))
    await new Promise((resolve) => command.child.stdout?.once('data', resolve));
  return { command, port: Number(/127\.0\.0\.1:(\d+)/.exec(command.stdout)?.[1]) };
}

/** Requests whose lines fill any pipe: some MiB of them. */
async function manyRequests(port: number): Promise<number[]> {
  const path = `/api/${'x'.repeat(6000)}`;
  const statuses: number[] = [];
  for (let batch = 0; batch < 20; batch++) {
    const replies = await Promise.all(Array.from({ length: 20 }, () => call(port, path)));
    statuses.push(...replies.map(({ status }) => status));
  }
  return statuses;
}

test.each(formats)('a reader of the %s log that has gone ends no request, and not the proxy', async (format) => {
  const { command, port } = await started(format);
  command.child.stdout?.destroy();
  expect(new Set(await manyRequests(port))).toEqual(new Set([200]));
  command.child.kill('SIGTERM');
  expect(await command.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
});

test.each(formats)('a reader of the %s log that reads nothing holds up no request, nor the end', async (format) => {
  const { command, port } = await started(format);
  command.child.stdout?.pause();
  expect(new Set(await manyRequests(port))).toEqual(new Set([200]));
  const ended = new Promise((resolve) => command.child.once('exit', (code, signal) => resolve({ code, signal })));
  command.child.kill('SIGTERM');
  expect(await ended).toEqual({ code: 0, signal: null });
});
