import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bearerway, bin, folder } from './command.ts';

/** The package's command, made to believe that it runs on another Node.js. */
function on(version: string) {
  const other = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`;
  return bearerway(['--version'], { node: ['--import', `data:text/javascript,${encodeURIComponent(other)}`, bin] })
    .ended;
}

test.each(['18.20.8', '20.20.2', '22.19.0', '22.23.1', '23.11.1', '24.18.0', '25.9.0', '26.0.0', '26.5.0'])(
  'S09 on Node.js %s the command says in one line what it needs',
  async (version) => {
    expect(await on(version)).toEqual({
      code: 2,
      signal: null,
      stdout: '',
      stderr: `bearerway needs Node.js 22.23.2, 24.18.1, 26.5.1 or newer of each line; this is ${version}\n`,
    });
  },
);

// Whether it then runs depends on a build being there; that it was let through does not.
test.each(['22.23.2', '22.24.0', '24.18.1', '24.19.0', '26.5.1', '26.10.0', '27.0.0'])(
  'on Node.js %s it goes on',
  async (version) => {
    const { code, stderr } = await on(version);
    expect(code).not.toBe(2);
    expect(stderr).not.toContain('needs Node.js');
  },
);

test('in a checkout that has not been built it says what to do', async () => {
  const checkout = await folder();
  const copied = join(checkout, 'bin/bearerway.js');
  await cp(bin, copied);
  await writeFile(join(checkout, 'package.json'), '{"type":"module"}');
  const { code, stdout, stderr } = await bearerway(['--version'], { node: [copied] }).ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^bearerway: .*npm run build.*\n$/);
});
