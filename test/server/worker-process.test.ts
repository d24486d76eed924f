/** A worker as the first process sees it: a real process. */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { workerConfig } from '../../src/app/worker-config.ts';
import { parseConfig } from '../../src/config/load.ts';
import { startWorkerProcess } from '../../src/server/worker-process.ts';
import type { FromWorker } from '../../src/worker-messages.ts';

const entry = fileURLToPath(new URL('../../src/worker.ts', import.meta.url));
const text = 'routes: [{prefix: /api, upstream: "http://127.0.0.1:1"}]';
const config = workerConfig(parseConfig(text, { file: 'proxy.yaml', env: {} }), undefined);

test('one that serves says that it is there whenever it hears that the first process is', async () => {
  const heard: FromWorker['kind'][] = [];
  const waiting: (() => void)[] = [];
  const worker = startWorkerProcess(
    { entry, env: process.env, lines: () => {} },
    {
      message({ kind }) {
        heard.push(kind);
        if (kind !== 'report') waiting.shift()?.();
      },
      gone: () => {},
    },
  );
  onTestFinished(() => worker.kill());
  const next = () => new Promise<void>((resolve) => void waiting.push(resolve));

  const serves = next();
  worker.tell({ kind: 'start', config, logLevel: 'silent', hopId: 'test' });
  await serves;
  for (let i = 0; i < 2; i += 1) {
    const answered = next();
    worker.tell({ kind: 'alive' });
    await answered;
  }
  expect(heard.filter((kind) => kind !== 'report')).toEqual(['ready', 'alive', 'alive']);
});
