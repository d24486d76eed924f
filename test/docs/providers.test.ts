/** The pages of the providers: their configurations work, and what they say of the token request is what is sent. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { providers } from '../../src/sandbox/providers.ts';
import { leastRoutes, read } from '../config/reading.ts';
import { imitated } from './imitated.ts';
import { type Page, pageOf } from './page.ts';
import { areInstalled, openSession } from './session.ts';
import { type Asked, startWorld } from './world.ts';

interface Message {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request that a page shows. */
function shown(page: Page): Message {
  const [block, ...others] = page.in('http');
  expect(others).toEqual([]);
  const [head = '', body = ''] = block?.text.trimEnd().split('\n\n') ?? [];
  const [requestLine = '', ...lines] = head.split('\n');
  const [method = '', path = ''] = requestLine.split(' ');
  const fields = lines.map((line) => [line.split(': ')[0]?.toLowerCase(), line.split(': ')[1]]);
  return { method, path, headers: Object.fromEntries(fields), body };
}

/** Fields that every HTTP client may choose for itself. */
const clientsOwn = ['connection', 'content-length', 'accept', 'user-agent', 'transfer-encoding'];

function sent({ method, path, headers, body }: Asked): Message {
  const fields = Object.entries(headers).filter(([name]) => !clientsOwn.includes(name));
  return { method, path, headers: Object.fromEntries(fields) as Record<string, string>, body };
}

/** The credential that a group of keys makes, whatever it is called. */
function credentialOf(keys: Readonly<Record<string, unknown>>): unknown {
  const credentials = { it: { clientId: 'a', clientSecret: 'b', ...keys } };
  const config = read(JSON.stringify({ credentials, ...parse(leastRoutes) }));
  return JSON.parse(JSON.stringify({ ...config.credentials['it'], provider: undefined }));
}

// Those that the sandbox imitates.
describe.each(Object.keys(providers))('%s', { timeout: 60_000 }, async (name) => {
  const page = await pageOf(`providers/${name}.md`);
  const { credentials, routes } = parse(page.file('proxy.yaml'));
  const { host } = new URL(routes[0].upstream);

  test.runIf(areInstalled('curl'))('its page can be followed, and shows the token request that is sent', async () => {
    const world = await startWorld({ [host]: await imitated(name) });
    const session = await openSession({ env: world.env });
    await session.follow(page);
    expect(JSON.parse(session.said)).toMatchObject({
      provider: name,
      method: 'GET',
      path: '/anything',
      tokenNumber: 1,
    });
    const [tokenRequest, ...others] = world.of(host);
    expect(others).toHaveLength(1);
    expect(tokenRequest && sent(tokenRequest)).toEqual(shown(page));
  });

  test('what its page says that the preset stands for is what it stands for', () => {
    const { baseUrl: _, ...spelt } = parse(page.file('preset.yaml'));
    const { provider, baseUrl } = credentials[name];
    expect(credentialOf(spelt)).toEqual(credentialOf({ provider, ...(baseUrl && { baseUrl }) }));
  });

  test('its page names the variables of the shipped proxy.yaml', async () => {
    for (const variable of ['URL', 'CLIENT_ID', 'CLIENT_SECRET'])
      expect(page.text).toContain(`\`${name.toUpperCase()}_${variable}\``);
  });
});
