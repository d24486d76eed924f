/** Workers and the process that starts them end, each in its own way, and what others have in hand does not notice. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as passed } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { folder } from '../cli/command.ts';
import { CLIENT_TOKEN } from '../support/canary.ts';
import { selfSigned } from '../support/certificate.ts';
import { call, connectRaw } from '../support/client.ts';
import { type Crewed, startCrewed } from '../support/crew.ts';

// Each starts several processes.
vi.setConfig({ testTimeout: 60_000 });

const shuttingDown = ({ command }: Crewed) => command.logged(({ msg }) => String(msg).startsWith('shutting down'));

test('when a worker is killed what it has in hand is lost and nothing else, and another takes its place', async () => {
  const crewed = await startCrewed();
  const { provider, command, port } = crewed;
  const [pid = 0] = await crewed.served(2);
  const { replies, answer } = await crewed.held(4);
  const outcomes = replies.map((reply) =>
    reply.then(
      ({ status }) => status,
      ({ code }) => code,
    ),
  );
  process.kill(pid, 'SIGKILL');
  // None of these waits until that is noticed.
  for (let i = 0; i < 20; i += 1) expect((await call(port, '/api/x')).status).toBe(200);
  expect(await command.logged(({ msg }) => msg === 'a worker died; it is replaced')).toMatchObject({
    ...{ level: 'error', pid, signal: 'SIGKILL', replacedInS: 0 },
  });
  answer();
  const ended = await Promise.all(outcomes);
  expect(new Set(ended)).toEqual(new Set([200, 'ECONNRESET']));
  expect(new Set(await crewed.served(3)).size).toBe(3);
  expect((await crewed.calls(10)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  // It got the token that was there.
  expect(provider.requests).toHaveLength(1);
});

test('under steady load a worker that is killed takes only what it had in hand with it', async () => {
  const crewed = await startCrewed();
  const [pid = 0] = await crewed.served(2);
  const CLIENTS = 8;
  let killed = false;
  let done = 0;
  let lost = 0;
  const client = async (): Promise<void> => {
    while (done < 400) {
      const isLater = killed;
      const reply = await call(crewed.port, '/api/x').catch(() => undefined);
      done += 1;
      if (reply?.status !== 200) {
        lost += 1;
        expect(isLater, 'a request that began after the worker had been killed was lost').toBe(false);
      }
      if (done === 100) {
        process.kill(pid, 'SIGKILL');
        killed = true;
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  expect(lost).toBeLessThan(CLIENTS);
  await crewed.served(3);
});

function childrenOf(pid: number | undefined): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

/** Words for Node that hold up the start of workers, from when the gate is closed: each takes a byte that `open` puts there. */
async function gate() {
  const [path, preload] = [join(await folder(), 'gate'), join(await folder(), 'preload.mjs')];
  await writeFile(
    preload,
    `import { existsSync, openSync, readSync } from 'node:fs';
    const path = ${JSON.stringify(path)};
    if (process.argv[1].endsWith('worker.ts') && existsSync(path)) readSync(openSync(path), Buffer.alloc(1));`,
  );
  return {
    env: { NODE_OPTIONS: `--import=${preload}` },
    close: () => execFileSync('mkfifo', [path]),
    /** For so many. */
    open(workers: number): void {
      // Opened for both, it waits for nobody.
      const end = openSync(path, 'r+');
      onTestFinished(() => closeSync(end));
      writeSync(end, 'x'.repeat(workers));
    },
  };
}

test('while no worker is there it is not ready, and what comes waits for one', async () => {
  const { env, close, open } = await gate();
  const crewed = await startCrewed({ env, config: { workers: 2 } });
  expect(await crewed.ready()).toEqual({ status: 200, reasons: undefined });
  close();
  for (const pid of await crewed.served(2)) process.kill(pid, 'SIGKILL');
  await crewed.told('a worker died; it is replaced', 2);
  expect(await crewed.ready()).toEqual({ status: 503, reasons: ['no worker is there'] });
  const waiting = crewed.calls(5);
  open(2);
  await crewed.served(4);
  expect((await waiting).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect((await crewed.ready()).status).toBe(200);
});

test('a worker is replaced, whatever has become of the files that the configuration names', async () => {
  const place = await folder();
  const [token, ca] = [join(place, 'token'), join(place, 'ca.pem')];
  await writeFile(token, CLIENT_TOKEN);
  await writeFile(ca, selfSigned().cert);
  const config = { admin: { port: 0, clientTokenFile: token }, egress: { ca: [ca] } };
  const crewed = await startCrewed({ config });
  await Promise.all([rm(token), writeFile(ca, 'no certificate')]);
  for (const pid of await crewed.served(2)) process.kill(pid, 'SIGKILL');
  await crewed.served(4);
  expect((await crewed.calls(2)).map(({ status }) => status)).toEqual([200, 200]);
});

test('clients that wait for a worker leave room for it to be started', async () => {
  const OPEN_FILES = 64;
  const { env, close, open } = await gate();
  const crewed = await startCrewed({ env, openFiles: OPEN_FILES });
  const kill = (pids: readonly number[]): void => {
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  };
  close();
  kill(await crewed.served(2));
  await crewed.told('a worker died; it is replaced', 2);
  const clients = await Promise.all(Array.from({ length: 2 * OPEN_FILES }, () => connectRaw(crewed.port)));
  await crewed.command.logged(({ msg }) => /^connections are turned away/.test(String(msg)));
  kill(childrenOf(crewed.command.child.pid));
  await crewed.told('a worker died; it is replaced', 4);
  for (const { socket } of clients) socket.destroy();
  open(4);
  await crewed.served(4);
  expect((await crewed.calls(2)).map(({ status }) => status)).toEqual([200, 200]);
});

test('signals to workers do nothing: what they are to do the first process says', async () => {
  const crewed = await startCrewed();
  for (const pid of await crewed.served(2))
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) process.kill(pid, signal);
  expect((await crewed.calls(10)).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  expect(await crewed.served(2)).toHaveLength(2);
});

test('on SIGTERM what all workers have in hand is finished, then it ends with 0', async () => {
  const crewed = await startCrewed();
  const { replies, answer } = await crewed.held(6);
  crewed.command.child.kill('SIGTERM');
  await shuttingDown(crewed);
  expect(await crewed.ready()).toEqual({ status: 503, reasons: ['it is shutting down'] });
  await expect(call(crewed.port, '/api/x')).rejects.toThrow('ECONNREFUSED');
  answer();
  const ended = await Promise.all(replies);
  expect(ended.map(({ status, text, headers }) => [status, text, headers.connection])).toEqual(
    Array.from({ length: 6 }, () => [200, 'at last', 'close']),
  );
  expect(await crewed.command.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(crewed.command.log.filter(({ msg }) => msg === 'request')).toHaveLength(6);
  expect(crewed.command.log.at(-1)).toMatchObject({ msg: 'stopped' });
});

test('while it waits for shutdown.delay all workers take requests, and their answers bear Connection: close', async () => {
  const crewed = await startCrewed({ config: { shutdown: { delay: '1h' } } });
  crewed.command.child.kill('SIGTERM');
  await shuttingDown(crewed);
  const replies = await crewed.calls(6);
  expect(replies.map(({ status, headers }) => [status, headers.connection])).toEqual(
    Array.from({ length: 6 }, () => [200, 'close']),
  );
});

test('what does not end is cut after shutdown.timeout, in all workers', async () => {
  const crewed = await startCrewed({ config: { shutdown: { timeout: '50ms' } } });
  const { replies } = await crewed.held(4);
  crewed.command.child.kill('SIGTERM');
  for (const reply of replies) await expect(reply).rejects.toThrow(/socket hang up|ECONNRESET/);
  expect(await crewed.command.ended).toMatchObject({ code: 0 });
  expect(crewed.command.log.filter(({ error }) => error === 'shut_down')).toHaveLength(4);
});

test('a second signal ends all of them at once', async () => {
  const crewed = await startCrewed({ config: { shutdown: { timeout: '1h' } } });
  await crewed.held(2);
  crewed.command.child.kill('SIGTERM');
  await shuttingDown(crewed);
  // The second that tells an order from an echo passes on the clock of another process, which nobody can move.
  await passed(1100);
  crewed.command.child.kill('SIGTERM');
  // Its output is closed when the last one has gone.
  expect(await crewed.command.ended).toMatchObject({ code: 143 });
});

test('when the first process is killed its workers finish what they have, and end', async () => {
  const crewed = await startCrewed();
  const { replies, answer } = await crewed.held(4);
  const { child } = crewed.command;
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect(call(crewed.port, '/api/x')).rejects.toThrow('ECONNREFUSED');
  answer();
  expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await crewed.command.ended).toMatchObject({ signal: 'SIGKILL' });
});

test('when the first process is killed and something does not end, it is cut after shutdown.timeout', async () => {
  const crewed = await startCrewed({ config: { shutdown: { timeout: '50ms' } } });
  const { replies } = await crewed.held(2);
  crewed.command.child.kill('SIGKILL');
  for (const reply of replies) await expect(reply).rejects.toThrow(/socket hang up|ECONNRESET/);
  expect(await crewed.command.ended).toMatchObject({ signal: 'SIGKILL' });
});
