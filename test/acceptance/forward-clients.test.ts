/** Forward mode with clients that nobody here wrote. */
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { ProxyAgent, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { setStage } from '../support/stage.ts';

interface Errand {
  readonly port: number;
  /** As `HTTP_PROXY` spells it, with the client token. */
  readonly proxy: string;
  readonly url: string;
  readonly body: string;
}

/** Posts the body to the URL by way of the proxy, and gives the body of the answer. */
type Client = (errand: Errand) => Promise<string>;

const python = `
import sys, urllib.request
print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], sys.argv[2].encode())).read().decode())
`;
const node = 'fetch(process.argv[1], {method: "POST", body: process.argv[2]}).then((a) => a.text()).then(console.log)';
const java = join(import.meta.dirname, '../support/ForwardClient.java');

/** Programs, each with the words and the environment of its errand. */
const programs: Readonly<Record<string, (errand: Errand) => readonly [readonly string[], NodeJS.ProcessEnv?]>> = {
  curl: ({ proxy, url, body }) => [['-sS', '-x', proxy, '-d', body, url]],
  wget: ({ proxy, url, body }) => [['-q', '-O', '-', `--post-data=${body}`, url], { http_proxy: proxy }],
  python3: ({ proxy, url, body }) => [['-c', python, url, body], { http_proxy: proxy }],
  java: ({ port, url, body }) => [[java, String(port), CLIENT_TOKEN, url, body]],
};

async function run(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { PATH, HOME } = process.env;
  const { stdout } = await promisify(execFile)(program, [...words], { env: { PATH, HOME, ...env } });
  return stdout;
}

/** `by` is there where it can be used: a Java program is compiled first. */
function isInstalled(program: string, by = program === 'java' ? 'javac' : program): boolean {
  const installed = spawnSync(by, ['--version'], { stdio: 'ignore' }).status === 0;
  if (!installed) console.info(`${program} is not installed: forward mode is NOT tested with it.`);
  return installed;
}

const ours: Readonly<Record<string, Client>> = {
  'fetch of Node.js': ({ proxy, url, body }) =>
    run(process.execPath, ['-e', node, url, body], { NODE_USE_ENV_PROXY: '1', http_proxy: proxy }),
  async 'ProxyAgent of undici'({ proxy, url, body }) {
    const dispatcher = new ProxyAgent(proxy);
    try {
      const answer = await request(url, { method: 'POST', body, dispatcher });
      return await answer.body.text();
    } finally {
      await dispatcher.close();
    }
  },
  'node:http with the URL as path': ({ port, url, body }) =>
    new Promise((resolve, reject) => {
      const headers = { 'Proxy-Authorization': `Bearer ${CLIENT_TOKEN}`, Host: new URL(url).host };
      const options = { host: '127.0.0.1', port, path: url, method: 'POST', headers, agent: false };
      httpRequest(options, (response) => resolve(text(response)))
        .on('error', reject)
        .end(body);
    }),
};

const clients = new Map<string, Client>(Object.entries(ours));
for (const [program, errand] of Object.entries(programs))
  if (isInstalled(program)) clients.set(program, (given) => run(program, ...errand(given)));

// A Java program is compiled first, which takes its time on a busy machine.
describe('a client that is told of nothing but the proxy reaches the API, with a token', { timeout: 60_000 }, () => {
  test.each([...clients])('%s', async (_, client) => {
    const stage = await setStage({ listen: { clientToken: CLIENT_TOKEN } });
    const { api, provider, proxy } = stage;
    const body = 'a=1&b=2';
    const url = `${api.url}/v1/things?q=%2F`;
    const errand = { port: proxy.port, proxy: proxy.url.replace('//', `//x:${CLIENT_TOKEN}@`), url, body };
    api.rejectOnce();
    const answer = JSON.parse(await client(errand));
    const bodySha256 = createHash('sha256').update(body).digest('hex');
    expect(answer).toMatchObject({ method: 'POST', url: '/v1/things?q=%2F', bodySha256 });
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual(
      provider.issued.map((token) => `Bearer ${token}`),
    );
    expect(provider.issued).toHaveLength(2);
    for (const { headers, rawHeaders } of api.requests) {
      expect(headers.host).toBe(new URL(api.url).host);
      expect(rawHeaders.filter((name) => /^proxy-/i.test(name))).toEqual([]);
    }
  });

  test.each([...clients])('%s is told by us, and by nobody else, where there is no way', async (_, client) => {
    const { api, proxy } = await setStage({ route: { forward: false } });
    const told = client({ port: proxy.port, proxy: proxy.url, url: 'http://api.test/x', body: 'a' });
    // Some print the answer, some only its status.
    const words = await told.catch(({ message, stderr }) => `${message} ${stderr}`);
    expect(words).toMatch(/forward_denied|403|status code|returned non-zero|Command failed/);
    await proxy.served(1);
    expect(proxy.requests).toMatchObject([{ status: 403, error: 'forward_denied' }]);
    expect(api.requests).toEqual([]);
  });
});

test.runIf(clients.has('curl'))('curl is told what to do where it asks for a tunnel', async () => {
  const { proxy } = await setStage();
  const refused = run('curl', ['-sS', '-v', '-x', proxy.url, 'https://api.test/x']);
  await expect(refused).rejects.toMatchObject({ stderr: expect.stringContaining('405') });
  expect(proxy.requests).toMatchObject([{ method: 'CONNECT', status: 405, error: 'method_denied' }]);
});

test.runIf(clients.has('curl'))('curl follows a redirect of the API, behind a prefix and in forward mode', async () => {
  const { api, proxy, provider } = await setStage();
  for (const start of [`${proxy.url}/api/a`, `${api.url}/a`]) {
    api.behaveOnce((_, response) => response.writeHead(302, { location: `${api.url}/b` }).end());
    const proxied = start.startsWith(proxy.url) ? [] : ['-x', proxy.url];
    const answer = JSON.parse(await run('curl', ['-sS', '-L', '--noproxy', '', ...proxied, start]));
    expect(answer).toMatchObject({ url: '/b' });
    expect(api.requests.at(-1)?.headers.authorization).toBe(`Bearer ${provider.issued[0]}`);
  }
});
