/** What is downloaded by who installs it, and that it works there. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearerway, configFile } from '../cli/command.ts';
import { startApi } from '../support/api.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { oneRoute } from '../support/proxy.ts';
import { type Installed, install, root, said } from './installed.ts';

let installed: Installed;

beforeAll(() => {
  installed = install();
}, 120_000);

afterAll(() => rmSync(dirname(installed.project), { recursive: true }));

describe('the package', () => {
  test('holds the command, the library, the schema and what is to be read, and nothing else', () => {
    const others = installed.packed.files
      .map(({ path }) => path)
      .filter((path) => !/^(dist\/([\w-]+\.js|THIRD-PARTY\.txt)|docs\/.+\.md)$/.test(path));
    expect(others.toSorted()).toEqual([
      'LICENSE',
      'README.md',
      'bin/bearerway.js',
      'dist/index.d.ts',
      'dist/library/bearerway.d.ts',
      'dist/library/errors.d.ts',
      'dist/library/logger.d.ts',
      'dist/library/proxy-config.d.ts',
      'dist/library/token-source.d.ts',
      'dist/page/icon.svg',
      'dist/page/index.html',
      'dist/page/page.css',
      'dist/page/page.js',
      'package.json',
      'proxy.schema.json',
    ]);
    const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.md$/.test(file),
    );
    const packed = installed.packed.files.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
    expect(packed.toSorted()).toEqual(pages.map((page) => `docs/${page}`).toSorted());
  });

  test('is smaller than 300 KiB', () => {
    expect(installed.packed.size).toBeLessThan(300 * 1024);
  });

  test('has no file that bears a hash, in its name or as what it imports', () => {
    const folder = join(installed.project, 'node_modules/bearerway/dist');
    const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));
    const isHashed = (text: string): boolean => /-[A-Z0-9]{8}\.js/.test(text);
    expect(scripts.filter((name) => isHashed(name) || isHashed(readFileSync(join(folder, name), 'utf8')))).toEqual([]);
  });

  test('is in order as publint sees it', () => {
    expect(said(root, 'publint', installed.tarball, '--strict')).toEqual({
      code: 0,
      text: expect.stringContaining('All good!'),
    });
  });

  test('has types that fit what is imported, as arethetypeswrong sees it', () => {
    const { code, text } = said(root, 'attw', '--format', 'ascii', '--profile', 'esm-only', installed.tarball);
    expect({ code, text }).toEqual({ code: 0, text: expect.stringMatching(/node16 \(from ESM\): 🟢/) });
  }, 60_000);

  test('npx bearerway runs its command', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(said(installed.project, 'npx', '--offline', 'bearerway', '--version')).toEqual({
      code: 0,
      text: expect.stringContaining(version),
    });
  });

  test('proxies with its own dependencies alone, and tells its metrics', async () => {
    const provider = await startIdentityProvider();
    const api = await startApi(provider);
    const config = await configFile(oneRoute(api, provider));
    const bin = join(installed.project, 'node_modules/bearerway/bin/bearerway.js');
    const command = bearerway(['run', '-c', config], { cwd: installed.project, node: [bin] });
    const { port, admin } = await command.listening();
    expect((await fetch(`http://127.0.0.1:${port}/api/x`)).status).toBe(200);
    expect(await (await fetch(`${admin}/metrics`)).text()).toContain('bearerway_requests_total');
    command.child.kill('SIGTERM');
    expect((await command.ended).code).toBe(0);
  });
});

describe('the library of the package', () => {
  test('can be imported, changes nothing of the process, and lets it end by itself', async () => {
    const provider = await startIdentityProvider();
    const api = await startApi(provider);
    const config = { ...oneRoute(api, provider), listen: { port: 0 }, admin: { port: 0 } };
    const script = `
      const signals = () => process.eventNames().map(String).toSorted().join();
      const before = [signals(), JSON.stringify(process.report.excludeEnv)].join();
      const { createBearerway, createTokenSource } = await import('bearerway');
      const proxy = createBearerway(${JSON.stringify(config)});
      await proxy.start();
      const answer = await proxy.fetch('/api/x');
      const tokens = createTokenSource(${JSON.stringify(config)}.credentials.main, { origins: ['${api.url}'] });
      const direct = await tokens.fetch('${api.url}/y');
      const after = [signals(), JSON.stringify(process.report.excludeEnv)].join();
      await proxy.stop();
      await tokens.close();
      console.log(answer.status, direct.status, before === after);
      await answer.text();
      await direct.text();`;
    writeFileSync(join(installed.project, 'app.js'), script);
    const app = bearerway([], { cwd: installed.project, node: [join(installed.project, 'app.js')] });
    expect(await app.ended).toEqual({ code: 0, signal: null, stdout: '200 200 true\n', stderr: '' });
    expect(provider.issued).toHaveLength(2);
  });

  test('has declarations that a program is checked by', () => {
    const right = `
      import { type Bearerway, BearerwayError, createBearerway, createTokenSource, type ProxyConfig } from 'bearerway';
      const config: ProxyConfig = {
        credentials: { crm: { tokenUrl: 'https://id.example.com/token', clientId: 'a', clientSecret: 'b' } },
        routes: [{ prefix: '/crm', upstream: 'https://crm.example.com', credential: 'crm', timeouts: { idle: '1m' } }],
      };
      const proxy: Bearerway = createBearerway(config).on('request', ({ durationMs }) => durationMs.toFixed(1));
      proxy.on('token', (told) => (told.ok ? told.expiresAt?.getTime() : told.retryInMs));
      const { addresses } = await proxy.start();
      const answer: Response = await proxy.fetch('/crm/orders', { method: 'POST', body: addresses[0] ?? '' });
      const tokens = createTokenSource({ type: 'static', token: 'x' }, { origins: ['https://crm.example.com'] });
      const { value, expiresAt } = await tokens.get().catch((error) => {
        throw error instanceof BearerwayError ? new Error(error.code) : error;
      });
      export { answer, expiresAt, value };`;
    const wrong = `
      import { createBearerway, createTokenSource } from 'bearerway';
      // @ts-expect-error
      createBearerway({ routs: [] });
      // @ts-expect-error
      createBearerway({ routes: [{ prefix: '/a', upstream: 'https://a.example', timeouts: { idel: '1m' } }] });
      // @ts-expect-error
      createTokenSource({ type: 'client_credential', clientId: 'a' });
      // @ts-expect-error
      createBearerway({ file: 'proxy.yaml' }).on('request', ({ duration }) => duration);`;
    writeFileSync(join(installed.project, 'right.ts'), right);
    writeFileSync(join(installed.project, 'wrong.ts'), wrong);
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
    const strict = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--module',
      'nodenext',
      '--target',
      'es2024',
    ];
    // Without skipLibCheck: the declarations themselves are checked as well.
    const { code, text } = said(
      installed.project,
      'tsc',
      ...strict,
      '--lib',
      'es2024,dom',
      ...types,
      'right.ts',
      'wrong.ts',
    );
    expect({
      code,
      own: text
        .split('\n')
        .filter((line) => !/^\S*node_modules\/@types\//.test(line))
        .join('\n'),
    }).toEqual({ code: 0, own: '' });
  });
});
