import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { faultsOf, leastRoutes, ofType, read } from './reading.ts';

const withMain = (spelt: string): string => `credentials: {main: {type: command, ${spelt}}}\n${leastRoutes}`;

/** A folder with a program, what is no program, and a folder in it. */
async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bearerway-command-'));
  onTestFinished(() => rm(path, { recursive: true }));
  await writeFile(join(path, 'program'), '#!/bin/sh\n', { mode: 0o700 });
  await writeFile(join(path, 'plain'), '', { mode: 0o600 });
  await mkdir(join(path, 'inner'));
  return path;
}

test('a program with a slash in its name is below the folder of the config, another in PATH; both run in that folder', async () => {
  const path = await folder();
  const command = (spelt: string) =>
    ofType('command', read(withMain(`command: ${spelt}`), {}, join(path, 'proxy.yaml')).credentials['main']);

  expect(command('[./program, ./a, ""]')).toMatchObject({ command: [join(path, 'program'), './a', ''], folder: path });
  expect(command('[gcloud, auth]')).toMatchObject({ command: ['gcloud', 'auth'], folder: path });
  expect(command('[/bin/sh]')).toMatchObject({ command: ['/bin/sh'], env: {}, timeout: 10_000 });
});

test.each<[string, RegExp]>([
  ['', /command: is required/],
  ['command: []', /command: is empty: which program/],
  ['command: [""]', /command\[0\]: is empty: which program/],
  ['command: gcloud auth print-access-token', /command: is not a list .*no shell/],
  ['command: [a, 7]', /command\[1\]: is not text/],
  ['command: [a, "b\\0"]', /command\[1\]: has a NUL/],
  ['command: [./plain]', /command\[0\]: names a file that may not be executed \(chmod \+x\)/],
  ['command: [./inner]', /command\[0\]: names what is no file/],
  ['command: [./nothing]', /command\[0\]: names no program \(ENOENT\)/],
  ['command: [a], env: {A-B: c}', /env\.A-B: is not the name of an environment variable/],
  ['command: [a], env: {A: 7}', /env\.A: is not text/],
  ['command: [a], env: [A]', /env: is not a group/],
  ['command: [a], timeout: 0s', /timeout: is no time at all/],
  ['command: [a], timeout: 25h', /timeout: is longer than 24h/],
  ['command: [a], tokenUrl: "https://a.example"', /tokenUrl: is for type: client_credentials/],
])('%s is a fault', async (spelt, fault) => {
  const file = join(await folder(), 'proxy.yaml');

  expect(faultsOf(withMain(spelt), {}, file)).toEqual([expect.stringMatching(fault)]);
});

test('values of the environment may stand in arguments and in what is added to the environment', () => {
  const { main } = read(withMain('command: [a, "${X}"], env: {B: "${X}"}'), { X: '$(id)' }).credentials;

  expect(ofType('command', main)).toMatchObject({ command: ['a', '$(id)'], env: { B: '$(id)' } });
});
