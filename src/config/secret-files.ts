import { resolve } from 'node:path';
import { isGroup } from './credentials/presets.ts';

/** The files that a configuration, as it is spelt, names for secrets: `…File`, `tls.key`, and `path` of `type: file`. */
export function secretFilesIn(written: unknown, folder: string): readonly string[] {
  const found = new Set<string>();
  const add = (value: unknown): void => {
    if (typeof value === 'string' && value !== '' && !value.startsWith('-----BEGIN '))
      found.add(resolve(folder, value));
  };
  const visited = new Set<unknown>();
  const visit = (group: unknown): void => {
    if (typeof group !== 'object' || group === null || visited.has(group)) return;
    visited.add(group);
    const members = Object.entries(group);
    const isFile = members.some(([key, value]) => key === 'type' && value === 'file');
    for (const [key, value] of members) {
      if (/File$/.test(key) || (isFile && key === 'path')) add(value);
      if (key === 'tls' && isGroup(value)) add(value['key']);
      visit(value);
    }
  };
  visit(written);
  return [...found];
}
