/** The pages of the providers: their configurations work, and what they say of the token request is what is sent. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { providerNames } from '../../src/config/providers.ts';
import { providers as imitations } from '../../src/sandbox/providers.ts';
import { leastRoutes, read } from '../config/reading.ts';
import { imitated } from './imitated.ts';
import { type Page, pageOf } from './page.ts';
import { areInstalled, openSession } from './session.ts';
import { type Asked, api, type Host, identityProvider, startWorld } from './world.ts';

interface Message {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
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
  return { method, path, headers: Object.fromEntries(fields), body };
}

/** The credential that a group of keys makes, whatever it is called. */
function credentialOf({ clientId: _, clientSecret: _secret, ...keys }: Readonly<Record<string, unknown>>): unknown {
  const credentials = { it: { clientId: 'a', clientSecret: 'b', ...keys } };
  const config = read(JSON.stringify({ credentials, ...parse(leastRoutes) }));
  return JSON.parse(JSON.stringify({ ...config.credentials['it'], provider: undefined }));
}

/** Who answers by the names of a page: the sandbox's imitation where there is one, else an OAuth server and an API behind it. */
async function hostsOf(name: string, tokenHost: string, apiHost: string): Promise<Readonly<Record<string, Host>>> {
  return Object.hasOwn(imitations, name)
    ? { [apiHost]: await imitated(name) }
    : { [tokenHost]: identityProvider(), [apiHost]: api() };
}

describe.each(providerNames)('%s', { timeout: 60_000 }, async (name) => {
  const page = await pageOf(`providers/${name}.md`);
  const { credentials, routes } = parse(page.file('proxy.yaml'));
  const preset = parse(page.file('preset.yaml'));
  const tokenHost = new URL(preset.tokenUrl).host;
  const apiHost = new URL(routes[0].upstream).host;

  test.runIf(areInstalled('curl'))('its page can be followed, and shows the token request that is sent', async () => {
    const world = await startWorld(await hostsOf(name, tokenHost, apiHost));
    const session = await openSession({ env: world.env });
    await session.follow(page);
    expect(JSON.parse(session.said)).toMatchObject({ method: 'GET', path: '/anything' });
    const [tokenRequest, ...others] = world.asked;
    expect(others).toMatchObject([{ host: apiHost, path: '/anything' }]);
    expect(tokenRequest && sent(tokenRequest)).toEqual(shown(page));
  });

  test('what its page says that the preset stands for is what it stands for', () => {
    const { baseUrl: _, ...spelt } = preset;
    expect(credentialOf(spelt)).toEqual(credentialOf(credentials[name]));
  });
});

test.each(Object.keys(imitations))('the page of %s names its variables of the shipped proxy.yaml', async (name) => {
  const { text } = await pageOf(`providers/${name}.md`);
  for (const variable of ['URL', 'CLIENT_ID', 'CLIENT_SECRET'])
    expect(text).toContain(`\`${name.toUpperCase()}_${variable}\``);
});
