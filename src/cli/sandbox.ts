import { startSandbox } from '../sandbox/sandbox.ts';
import { parseDuration } from '../units.ts';
import { aboutPort, Usage } from './complaint.ts';
import type { Process } from './process.ts';

export interface SandboxWords {
  readonly port: string;
  readonly lifetime?: string;
}

/** Runs the sandbox until a signal ends it. */
export async function sandbox({ port, lifetime }: SandboxWords, process: Process): Promise<void> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Usage('--port is not a port (0 to 65535)');
  const lifetimeMs = lifetime === undefined ? undefined : parseDuration(lifetime);
  if (lifetime !== undefined && !lifetimeMs)
    throw new Usage('--lifetime is not a duration (such as 500ms, 30s, 5m or 24h)');
  const running = await startSandbox({ port: Number(port), ...(lifetimeMs === undefined ? {} : { lifetimeMs }) }).catch(
    (error) => {
      throw aboutPort(error, 'the sandbox', 'give it another with --port');
    },
  );
  // Before anybody is told that it listens: who reads that may send one.
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve());
  });
  process.stdout.write(
    `sandbox of nitro, podero, optty and spotnana on ${running.url} (GET / tells how to make it fail)\n`,
  );
  await asked;
  await running.close();
}
