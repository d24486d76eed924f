import { onTestFinished } from 'vitest';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import type { Host } from './world.ts';

/** A provider by its own name: the sandbox's imitation, which knows the client of the pages. */
export async function imitated(provider: string): Promise<Host> {
  const sandbox = await startSandbox({ port: 0, clientId: 'your-client-id', clientSecret: 'your-client-secret' });
  onTestFinished(() => sandbox.close());
  return async ({ method, path, headers: { host: _, connection: _connection, ...headers }, body }) => {
    const given = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    const answer = await fetch(`${sandbox.url}/${provider}${path}`, {
      method,
      headers: given.filter(([name]) => !['content-length', 'transfer-encoding'].includes(name)),
      ...(body === '' ? {} : { body }),
    });
    return { status: answer.status, body: await answer.text() };
  };
}
