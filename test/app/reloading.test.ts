import { execFileSync } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ReloadState } from '../../src/app/reload-state.ts';
import { Reloading } from '../../src/app/reloading.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { createLog } from '../../src/observe/log.ts';
import { folder } from '../cli/command.ts';
import { expectNoCanary } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { MovedClock } from '../support/clock.ts';

const withRoute = (prefix: string, more = ''): string =>
  `${more}routes: [{prefix: ${prefix}, upstream: "https://a.test"}]\n`;

/** A config file, and what becomes of it; nobody looks at it before the clock is moved or somebody asks. */
class Stage {
  readonly clock = new MovedClock();
  readonly state = new ReloadState(this.clock);
  readonly lines: Record<string, unknown>[] = [];
  /** The prefixes of what was to be used. */
  readonly applied: (string | undefined)[] = [];
  /** How often a text with `${SEEN:-…}` was read as a config. */
  parsed = 0;
  /** What applying waits for, or fails with. */
  applying: () => Promise<void> = async () => {};
  readonly #logged = new EventEmitter();
  readonly file: string;
  readonly reloading: Reloading;

  private constructor(file: string, config: Config, text: string) {
    this.file = file;
    const log = createLog('trace', {
      write: (line) => {
        expectNoCanary(line, 'a log line');
        this.lines.push(JSON.parse(line));
        this.#logged.emit('line');
      },
    });
    const getOwnPropertyDescriptor = (_: object, name: PropertyKey): undefined => {
      if (name === 'SEEN') this.parsed += 1;
    };
    const env = new Proxy({}, { getOwnPropertyDescriptor });
    this.reloading = new Reloading({
      ...{ file, env, clock: this.clock, log, config, text, state: this.state },
      apply: async ({ routes }) => {
        this.applied.push(routes[0]?.prefix);
        await this.applying();
        return { listening: ['here'] };
      },
    });
    onTestFinished(() => this.reloading.stop());
  }

  static async set(source: string, at?: string): Promise<Stage> {
    const file = join(at ?? (await folder()), 'proxy.yaml');
    const config = parseConfig(source, { file, env: {} });
    // What is there already is a pipe, and is empty by now.
    await writeFile(file, source, { flag: 'wx' }).catch(() => {});
    const stage = new Stage(file, config, source);
    await stage.settled();
    // Behind whatever the first look has led to.
    stage.reloading.reload('SIGHUP');
    await stage.told(1);
    stage.lines.length = 0;
    return stage;
  }

  /** The first look, and the one that shows whether what it found stays. */
  async settled(): Promise<void> {
    await this.clock.untilWaiting(1);
    this.clock.advance(300);
    await this.clock.untilWaiting(1);
  }

  /** The time after which a bad one is looked at again, and that look. */
  async lookedAgain(): Promise<void> {
    await this.clock.untilWaiting(2);
    this.clock.advance(5000);
    await this.clock.untilWaiting(2);
  }

  write(source: string): Promise<void> {
    return writeFile(this.file, source);
  }

  /** Time passes until somebody has said so many lines in all. */
  async told(count: number): Promise<Record<string, unknown>> {
    while (this.lines.length < count) {
      if (this.clock.waiting === 0) await Promise.race([this.clock.timerSet(), once(this.#logged, 'line')]);
      else this.clock.advance(300);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return this.lines.at(-1) ?? {};
  }
}

test('a change is used, and told of by name in one line', async () => {
  const stage = await Stage.set(withRoute('/a'));
  await stage.write(withRoute('/b', 'limits: {inFlight: 5}\n'));
  expect(await stage.told(1)).toMatchObject({
    level: 'info',
    msg: 'the configuration was reloaded',
    added: ['route /b'],
    changed: ['limits.inFlight'],
    removed: ['route /a'],
    listening: ['here'],
  });
  expect(stage.applied).toEqual(['/b']);
  expect(stage.state).toMatchObject({ failures: 0, last: { ok: true, atMs: expect.any(Number), message: '' } });
});

test('a bad one is told of with all its faults and counted; the next good one is used', async () => {
  const stage = await Stage.set(withRoute('/a'));
  await stage.write(`limits: {inFlight: none}\nrouts: []\n${withRoute('/b')}`);
  const line = await stage.told(1);
  expect(line).toMatchObject({
    level: 'error',
    msg: 'the configuration was not reloaded; the one before stays in use',
  });
  expect(line['faults']).toEqual([
    expect.stringMatching(/^.*proxy\.yaml:1:20 limits\.inFlight: /),
    expect.stringMatching(/^.*proxy\.yaml:2:1 routs: is not known here/),
  ]);
  expect(stage.applied).toEqual([]);
  expect(stage.state).toMatchObject({ failures: 1, last: { ok: false, message: expect.stringContaining('routs') } });

  await stage.write(withRoute('/b'));
  expect(await stage.told(2)).toMatchObject({ msg: 'the configuration was reloaded' });
  expect(stage.state).toMatchObject({ failures: 1, last: { ok: true } });
});

test('one that is mended to what is in use already is well again', async () => {
  const stage = await Stage.set(withRoute('/a'));
  await stage.write('half a fi');
  await stage.told(1);
  await stage.write(withRoute('/a'));
  expect(await stage.told(2)).toMatchObject({ level: 'info', msg: 'the configuration is the one in use again' });
  expect([stage.state.last?.ok, stage.applied]).toEqual([true, []]);
});

test('one that cannot be used is told of in the words of who tried, and counted', async () => {
  const stage = await Stage.set(withRoute('/a'));
  stage.applying = () => Promise.reject(new Error('no such port'));
  await stage.write(withRoute('/b'));
  expect(await stage.told(1)).toMatchObject({ level: 'error', faults: ['no such port'] });
  expect(stage.state.failures).toBe(1);
  stage.applying = async () => {};
  stage.reloading.reload('SIGHUP');
  expect(await stage.told(2)).toMatchObject({ added: ['route /b'] });
});

test('who asks is told, also that nothing has changed; a comment changes nothing', async () => {
  const stage = await Stage.set(withRoute('/a'));
  await stage.write(`# a comment\n${withRoute('/a')}`);
  stage.reloading.reload('SIGHUP');
  expect(await stage.told(1)).toMatchObject({ msg: 'SIGHUP: the configuration has not changed' });
  expect([stage.applied, stage.state.last]).toEqual([[], undefined]);
});

test('those that are asked for during one are done after it, once', async () => {
  const stage = await Stage.set(withRoute('/a'));
  const [begun, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  stage.applying = () => {
    begun.resolve();
    return gate.promise;
  };
  await stage.write(withRoute('/b'));
  stage.reloading.reload('SIGHUP');
  await begun.promise;
  for (const prefix of ['/c', '/d']) {
    await stage.write(withRoute(prefix));
    stage.reloading.reload('SIGHUP');
  }
  expect(stage.applied).toEqual(['/b']);
  stage.applying = async () => {};
  gate.resolve();
  await stage.told(2);
  expect(stage.applied).toEqual(['/b', '/d']);
});

test('a file that a bad one lacks is found when it is there, without a word until then', async () => {
  const stage = await Stage.set(withRoute('/a'));
  const { cert, key } = selfSigned();
  await stage.write(withRoute('/a', 'listen: {tls: {cert: cert.pem, key: key.pem}}\n'));
  await stage.told(1);
  await stage.lookedAgain();
  const at = join(stage.file, '..');
  await writeFile(join(at, 'key.pem'), key);
  await writeFile(join(at, 'cert.pem'), cert);
  expect(await stage.told(2)).toMatchObject({ changed: ['listen.tls'] });
  expect(stage.state.failures).toBe(1);
});

test('a bad one is not read again as long as neither it nor a file that it names changes', async () => {
  const stage = await Stage.set(withRoute('/a'));
  await stage.write(withRoute('/a', 'limits: {inFlight: "${SEEN:-none}"}\n'));
  await stage.told(1);
  for (let times = 0; times < 3; times += 1) await stage.lookedAgain();
  expect(stage.parsed).toBe(1);
  stage.reloading.reload('SIGHUP');
  await stage.told(2);
  expect(stage.parsed).toBe(2);
});

test.each<[string, string]>([
  ['a secret', '{type: basic, username: "${SEEN:-x}", passwordFile: late}'],
  ['a program', '{type: command, command: [./late, "${SEEN:-x}"]}'],
])('%s that a bad one lacks is looked at until it is there, and the bad one is read then', async (_, credential) => {
  const stage = await Stage.set(withRoute('/a'));
  await stage.write(withRoute('/a', `credentials: {c: ${credential}}\n`));
  await stage.told(1);
  // How the files look is known from the second time on.
  for (let times = 0; times < 3; times += 1) await stage.lookedAgain();
  expect(stage.parsed).toBe(2);
  await writeFile(join(stage.file, '..', 'late'), '#!/bin/sh\n', { mode: 0o700 });
  await stage.clock.untilWaiting(2);
  stage.clock.advance(5000);
  expect(await stage.told(2)).toMatchObject({ added: expect.arrayContaining(['credential c']) });
  expect(stage.parsed).toBe(3);
});

test('a certificate that is renewed in its file is a change', async () => {
  const at = await folder();
  const put = async ({ cert, key } = selfSigned()): Promise<void> => {
    await writeFile(join(at, 'key.pem'), key);
    await writeFile(join(at, 'cert.new'), cert);
    await rename(join(at, 'cert.new'), join(at, 'cert.pem'));
  };
  await put();
  const stage = await Stage.set(withRoute('/a', 'listen: {tls: {cert: cert.pem, key: key.pem}}\n'), at);
  await put();
  expect(await stage.told(1)).toMatchObject({ changed: ['listen.tls'] });
});

test('one from a pipe is not read again, and who asks is told; the files that it names are', async () => {
  const at = await folder();
  const put = async ({ cert, key } = selfSigned()): Promise<void> => {
    await writeFile(join(at, 'key.pem'), key);
    await writeFile(join(at, 'cert.pem'), cert);
  };
  await put();
  execFileSync('mkfifo', [join(at, 'proxy.yaml')]);
  const stage = await Stage.set(withRoute('/a', 'listen: {tls: {cert: cert.pem, key: key.pem}}\n'), at);
  expect(stage.state).toMatchObject({ failures: 0, last: undefined });
  stage.reloading.reload('SIGHUP');
  expect(await stage.told(1)).toMatchObject({
    level: 'warn',
    msg: 'SIGHUP: the configuration came from what is no file, and cannot be read again; it stays in use',
  });
  await put();
  stage.reloading.reload('SIGHUP');
  expect(await stage.told(2)).toMatchObject({ changed: ['listen.tls'] });
});

test('what takes a restart is warned of', async () => {
  const stage = await Stage.set(withRoute('/a'));
  await stage.write(withRoute('/a', 'log: {format: json}\n'));
  await stage.told(2);
  expect(stage.lines[0]).toMatchObject({
    level: 'warn',
    key: 'log.format',
    msg: 'this change of the configuration takes effect with a restart',
  });
});

test('when it is ended it reads no more', async () => {
  const stage = await Stage.set(withRoute('/a'));
  stage.reloading.stop();
  await stage.write(withRoute('/b'));
  stage.reloading.reload('SIGHUP');
  expect(stage.clock.waiting).toBe(0);
  expect(stage.applied).toEqual([]);
});
