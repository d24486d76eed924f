import { createHook } from 'node:async_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { connectRaw } from '../../support/client.ts';
import { startProxy } from '../../support/proxy.ts';
import { ask, raw, repliesIn } from '../../support/raw-replies.ts';
import { setStage } from '../../support/stage.ts';

/** How many names have been looked up in this process since, by whatever part of it. */
function lookups(): () => number {
  let count = 0;
  const hook = createHook({
    init(_id, type) {
      if (type === 'GETADDRINFOREQWRAP' || type === 'QUERYWRAP') count += 1;
    },
  }).enable();
  onTestFinished(() => void hook.disable());
  return () => count;
}

test('A03 a URL of another host: no DNS look-up, no token request', async () => {
  const stage = await setStage();
  const lookedUp = lookups();
  for (const url of ['http://evil.test/x', 'http://no-such-host.invalid/api/x', 'http://localhost.evil.test/api/x'])
    await stage.refuses(raw([`GET ${url} HTTP/1.1`, 'Host: localhost']), 403, 'forward_denied');
  expect(lookedUp()).toBe(0);
  const proxy = await startProxy({
    routes: [{ prefix: '/', upstream: 'http://no-such-host.invalid', plaintext: true }],
  });
  const reply = await ask(proxy.port, raw(['GET / HTTP/1.1', 'Host: localhost']));
  expect([reply.code, lookedUp()]).toEqual(['upstream_unreachable', 1]);
});

test('A10 what comes behind a CONNECT is nobody’s: not a request, not a byte for the API', async () => {
  const stage = await setStage();
  const connection = await connectRaw(stage.proxy.port);
  const inner = raw(['GET /api/hidden HTTP/1.1', 'Host: localhost']);
  connection.send(`CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n${inner}`);
  expect(repliesIn(await connection.toEnd()).map(({ code }) => code)).toEqual(['method_denied']);
  expect(stage.api.requests).toEqual([]);
  await stage.lives();
});
