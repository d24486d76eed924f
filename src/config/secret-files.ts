import { resolve } from 'node:path';

/** The files that a checked configuration, as it is spelt, names for secrets: `…File`, `tls.key`, and `path` of `type: file`. */
export function secretFilesIn(written: unknown, folder: string): readonly string[] {
  const found = new Set<string>();
  const add = (value: unknown): void => {
    if (typeof value === 'string' && value !== '' && !value.startsWith('-----BEGIN '))
      found.add(resolve(folder, value));
  };
  const visit = (group: unknown, name: string): void => {
    if (typeof group !== 'object' || group === null) return;
    const members = Object.entries(group);
    const isFile = members.some(([key, value]) => key === 'type' && value === 'file');
    for (const [key, value] of members) {
      if (/File$/.test(key) || (name === 'tls' && key === 'key') || (isFile && key === 'path')) add(value);
      visit(value, key);
    }
  };
  visit(written, '');
  return [...found];
}
