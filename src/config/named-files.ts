/** Files whose content is part of a config: certificates, their keys, and authorities. */
import { resolve } from 'node:path';

const pemKeys: readonly string[] = ['cert', 'key', 'ca', 'clientCa'];

/** Their paths, of a config as it is spelt; relative ones begin at `folder`. Secrets in files are read when they are needed. */
export function namedFiles(spelt: unknown, folder: string): string[] {
  const named = new Set<string>();
  const add = (value: unknown): void => {
    if (typeof value === 'string' && value !== '' && !value.startsWith('-----BEGIN '))
      named.add(resolve(folder, value));
    if (Array.isArray(value)) for (const each of value) add(each);
  };
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, member] of Object.entries(value)) {
      if (key === 'tls' || key === 'egress')
        for (const [name, pem] of Object.entries(member ?? {})) if (pemKeys.includes(name)) add(pem);
      walk(member);
    }
  };
  walk(spelt);
  return [...named];
}
