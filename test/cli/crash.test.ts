/** A fault of ours that nothing caught: the process ends, and says why. */
import { expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import { expectNoCanary } from '../support/canary.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute } from '../support/proxy.ts';
import { bearerway, configFile, main } from './command.ts';

/** In the process, from outside it. */
function injected(fault: string): readonly string[] {
  const script = `process.on('SIGUSR2', () => { ${fault} })`;
  return ['--import', `data:text/javascript,${encodeURIComponent(script)}`, main];
}

test.each([
  ['an exception', "throw new Error('of the test')"],
  ['a rejection', "Promise.reject(new Error('of the test'))"],
])('L05 %s that nothing caught: a line in the log without secrets, exit code 1, nobody listens', async (_, fault) => {
  const provider = await startIdentityProvider();
  const file = await configFile(oneRoute(await startApi(provider), provider));
  const command = bearerway(['-c', file], { node: injected(fault) });
  const { port } = await command.listening();
  await command.logged(({ msg }) => msg === 'token obtained');
  command.child.kill('SIGUSR2');

  const { code, signal, stdout, stderr } = await command.ended;
  expect({ code, signal, stderr }).toEqual({ code: 1, signal: null, stderr: '' });
  expect(command.log.at(-1)).toMatchObject({ level: 'fatal', stack: expect.stringContaining('of the test') });
  expectNoCanary(stdout, 'the log');
  await expect(fetch(`http://127.0.0.1:${port}/api/x`)).rejects.toThrow();
});
