/** `init` on a terminal: it asks what it is not told, and never for a secret. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { parseConfig } from '../../src/config/load.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { folder } from './command.ts';
import { Console } from './console.ts';

/** A question's last words, and what is typed when they are there. */
type Turn = readonly [question: string, answer: string];

async function dialogue(words: readonly string[], turns: readonly Turn[]) {
  const file = join(await folder(), 'proxy.yaml');
  const console = new Console({ terminal: true, env: { TERM: 'dumb' } });
  const ended = runProgram(['init', ...words, '-c', file], console.process);
  for (const [question, answer] of turns) {
    await console.wrote(question);
    console.stderr = '';
    console.stdin.write(answer);
  }
  const code = await ended;
  return { code, text: await readFile(file, 'utf8').catch(() => ''), file, console };
}

test('providers are chosen by number or name, and asked for what differs', async () => {
  const { code, text, file } = await dialogue(
    [],
    [
      ['with commas between: ', '1, okta\n'],
      ['Base URL of Okta (such as https://ORG.okta.com/oauth2/default)', 'https://acme.okta.com/oauth2/default\n'],
      ['Base URL of the API', '\n'],
      ['scope: a custom scope', 'orders\n'],
    ],
  );
  expect(code).toBe(0);
  const env = { NITRO_CLIENT_ID: 'a', NITRO_CLIENT_SECRET: 'b', OKTA_CLIENT_ID: 'c', OKTA_CLIENT_SECRET: 'd' };
  expect(parseConfig(text, { file, env: { ...env, OKTA_API_URL: 'https://api.example.com' } })).toMatchObject({
    credentials: {
      nitro: { provider: 'nitro' },
      okta: { scope: ['orders'], tokenUrl: 'https://acme.okta.com/oauth2/default/v1/token' },
    },
  });
});

test('a wrong answer is told, and asked again', async () => {
  const { code, text } = await dialogue(
    [],
    [
      ['with commas between: ', '12\n'],
      ['this is not one of the numbers and names above', 'optty\n'],
      ['Base URL of Optty', 'http://api.example.com\n'],
      ['this is plain http to another machine', 'https://api.example.com\n'],
    ],
  );
  expect(code).toBe(0);
  expect(text).toContain('baseUrl: https://api.example.com\n');
});

test('what words say is not asked', async () => {
  const words = [
    'entra',
    '--base-url',
    'https://login.microsoftonline.com/t',
    '--upstream',
    'https://graph.microsoft.com',
  ];
  const { code, text } = await dialogue(words, [
    ['scope: ', 'User.Read\n'],
    ["this is not the API's Application ID URI", 'https://graph.microsoft.com/.default\n'],
  ]);
  expect(code).toBe(0);
  expect(text).toContain('scope: https://graph.microsoft.com/.default # ');
});

test('any other API is asked for its issuer, and what that takes', async () => {
  const provider = await startIdentityProvider();
  const { origin } = new URL(provider.url);
  const methods = ['client_secret_basic', 'client_secret_post'];
  provider.answerAlways({
    body: {
      issuer: origin,
      token_endpoint: provider.url,
      token_endpoint_auth_methods_supported: methods,
      scopes_supported: ['orders'],
    },
  });
  const { code, text, file } = await dialogue(
    [],
    [
      ['with commas between: ', '9\n'],
      ['Issuer (such as https://id.example.com): ', `${origin}\n`],
      ['Name of the credential [api]: ', 'crm\n'],
      ['Client authentication (basic, post) [basic]: ', 'post\n'],
      ['Base URL of the API', 'https://crm.example.com\n'],
      ['Scopes, with spaces between (the issuer names orders) [none]: ', 'orders\n'],
      ['Audience [none]: ', '\n'],
    ],
  );
  expect(code).toBe(0);
  const { credentials } = parseConfig(text, { file, env: { CRM_CLIENT_ID: 'a', CRM_CLIENT_SECRET: 'b' } });
  expect(credentials['crm']).not.toHaveProperty('audience');
  expect(credentials['crm']).toMatchObject({ clientAuth: 'post', scope: ['orders'] });
});

test.each([
  ['Ctrl-D', '\u0004'],
  ['Ctrl-C', '\u0003'],
])('%s ends it, and nothing is written', async (_, key) => {
  const { code, text, console } = await dialogue([], [['with commas between: ', key]]);
  expect({ code, text }).toEqual({ code: 1, text: '' });
  expect(console.stderr).toContain('bearerway: nothing was written\n');
});

test('a file that is there is told before anything is asked', async () => {
  const file = join(await folder(), 'proxy.yaml');
  await writeFile(file, 'mine');
  const console = new Console({ terminal: true });
  expect(await runProgram(['init', '-c', file], console.process)).toBe(1);
  expect(console.stderr).toContain('is there already');
  expect(console.stderr).not.toContain('Which APIs');
});
