/** What a neighbour on the same machine finds out, or whoever starts the process makes others find out. */
import { describe, expect, test } from 'vitest';
import { anywhere, bearerway, configFile, main } from '../../cli/command.ts';
import { startApi } from '../../support/api.ts';
import { expectNoCanary } from '../../support/canary.ts';
import { startIdentityProvider } from '../../support/identity-provider.ts';
import { oneRoute, startProxy } from '../../support/proxy.ts';
import { ask, raw } from '../../support/raw-replies.ts';

describe('S04 what would show the memory or the traffic of the process is warned of at each start', () => {
  test.each([
    ['NODE_DEBUG', { NODE_DEBUG: 'http,net' }, [main]],
    ['the inspector', { NODE_OPTIONS: '--inspect=127.0.0.1:0' }, [main]],
    ['the inspector', {}, ['--inspect=127.0.0.1:0', main]],
  ])('%s', async (what, env: Record<string, string>, node) => {
    const command = bearerway(['-c', await configFile(anywhere)], { env, node });
    await command.listening();
    expect(command.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual([
      expect.stringContaining(what),
    ]);
  });

  test('and nothing where there is nothing', async () => {
    const command = bearerway(['-c', await configFile(anywhere)]);
    await command.listening();
    expect(command.log.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});

describe('S08 the admin port is another one', () => {
  test('none of its pages is on the main port, by whatever name that is asked for', async () => {
    const provider = await startIdentityProvider();
    const proxy = await startProxy(oneRoute(await startApi(provider), provider));
    const { host } = new URL(proxy.adminUrl);
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/status', '/', '/api/credentials/main/refresh'])
      for (const lines of [
        [`GET ${path} HTTP/1.1`, `Host: ${host}`],
        [`GET http://${host}${path} HTTP/1.1`, 'Host: x'],
      ]) {
        const reply = await ask(proxy.port, raw(lines));
        // What is below the prefix is the API's.
        if (lines[0]?.includes('://')) expect(reply.code).toBe('forward_denied');
        else if (path.startsWith('/api/')) expect(JSON.parse(reply.body)).toHaveProperty('bodySha256');
        else expect(reply.code).toBe('no_route');
      }
  });

  test('its pages show no secret, no token and nothing of the configuration', async () => {
    const provider = await startIdentityProvider();
    const api = await startApi(provider);
    const proxy = await startProxy(oneRoute(api, provider));
    await provider.requested(1);
    for (const path of ['/healthz', '/readyz', '/metrics', '/', '/nowhere?canary', '/%2e%2e/proxy.yaml']) {
      const page = await (await fetch(`${proxy.adminUrl}${path}`)).text();
      expectNoCanary(page, path);
      // Those that anybody reaches.
      if (!['/healthz', '/readyz', '/metrics'].includes(path)) continue;
      for (const value of [provider.url, api.url]) expect(page).not.toContain(value);
    }
  });
});
