/** Files that a config names: those whose content is part of it (certificates, their keys, and authorities), and programs. */
import { resolve } from 'node:path';
import { isGroup } from './credentials/presets.ts';

const pemKeys: readonly string[] = ['cert', 'key', 'ca', 'clientCa'];

/** Their paths, of a config as it is spelt; relative ones begin at `folder`. Secrets in files are read when they are needed. */
export function namedFiles(spelt: unknown, folder: string): string[] {
  const named = new Set<string>();
  const add = (value: unknown): void => {
    if (typeof value === 'string' && value !== '' && !value.startsWith('-----BEGIN '))
      named.add(resolve(folder, value));
    if (Array.isArray(value)) for (const each of value) add(each);
  };
  const walked = new Set<unknown>();
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || walked.has(value)) return;
    walked.add(value);
    for (const [key, member] of Object.entries(value)) {
      if (key === 'tls' || key === 'egress')
        for (const [name, pem] of Object.entries(member ?? {})) if (pemKeys.includes(name)) add(pem);
      walk(member);
    }
  };
  walk(spelt);
  return [...named];
}

/** The programs that credentials name by a path. */
export function programsIn(spelt: unknown, folder: string): string[] {
  const credentials = isGroup(spelt) && isGroup(spelt['credentials']) ? Object.values(spelt['credentials']) : [];
  return credentials.flatMap((credential) => {
    const command = isGroup(credential) ? credential['command'] : undefined;
    const program: unknown = Array.isArray(command) ? command[0] : undefined;
    return typeof program === 'string' && program.includes('/') ? [resolve(folder, program)] : [];
  });
}
