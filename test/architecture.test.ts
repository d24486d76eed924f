import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));

/** From file to what it imports: files of ours, and names of packages. */
const imports = new Map(
  sources.map((file) => {
    const text = readFileSync(join(root, 'src', file), 'utf8');
    const found = text.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s+'([^']+)';|\bimport\('([^']+)'\)/gm);
    const names = [...found].map(([, atStart, later]) => atStart ?? later ?? '');
    return [
      file,
      names.map((name) => (name.startsWith('.') ? join(dirname(file), name).replaceAll('\\', '/') : name)),
    ] as const;
  }),
);

/** Where a process begins. */
const edges = ['main.ts', 'worker.ts', 'index.ts'];
const parts = ['server', 'proxy', 'auth', 'config', 'observe', 'sandbox'];

/** A higher floor may use those below it, and parts of one floor do not know one another. */
function floor(file: string): number {
  const [folder] = file.split('/');
  if (edges.includes(file)) return 0;
  if (folder === 'cli' || folder === 'library') return 1;
  if (file === 'app.ts') return 2;
  if (folder === 'app') return 3;
  if (folder !== undefined && parts.includes(folder)) return 4;
  if (folder === 'http1') return 5;
  return file.includes('/') ? Number.NaN : 6;
}

function filesThat(say: RegExp): string[] {
  return sources.filter((file) => say.test(readFileSync(join(root, 'src', file), 'utf8')));
}

function allImports(): { from: string; to: string }[] {
  return [...imports].flatMap(([from, names]) => names.map((to) => ({ from, to })));
}

describe('the house', () => {
  test('every file has its floor', () => {
    expect(sources.filter((file) => Number.isNaN(floor(file)))).toEqual([]);
    expect(sources.length).toBeGreaterThan(30);
  });

  test('imports go down only, and parts of one floor do not import one another', () => {
    const wrong = allImports().filter(({ from, to }) => {
      if (!to.endsWith('.ts')) return false;
      const sameFolder = dirname(from).split('/')[0] === dirname(to).split('/')[0];
      return floor(from) > floor(to) || (floor(from) === floor(to) && !sameFolder);
    });
    expect(wrong).toEqual([]);
  });

  test('no file imports itself by a detour', () => {
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      else for (const next of imports.get(file) ?? []) visit(next, [...path, file]);
    };
    for (const file of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });

  test.each([
    ['zod', ['config/']],
    ['yaml', ['config/']],
    ['pino', ['observe/']],
    ['pino-pretty', ['observe/']],
    ['sonic-boom', ['observe/']],
    ['node-cache', ['auth/store/']],
    ['jose', ['auth/signed-assertion.ts']],
    ['@redis/client', ['auth/store/redis-connection.ts']],
    ['prom-client', ['observe/']],
    ['commander', ['cli/']],
  ])('%s is used in %j alone', (name, places) => {
    const users = allImports().filter(({ to }) => to === name);
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter(({ from }) => !places.some((place) => from.startsWith(place)))).toEqual([]);
  });

  test('zod is imported as a namespace, of which the bundle leaves out what is not used', () => {
    expect(filesThat(/from 'zod'/)).toEqual(filesThat(/^import (type )?(\* as z|\{ z \}) from 'zod'/m));
    expect(filesThat(/^import \{ z \} from 'zod'/m)).toEqual([]);
  });

  test('the data path does not speak of OAuth, and the token side not of servers', () => {
    expect(filesThat(/oauth|client_credentials|\bgrant/i).filter((file) => file.startsWith('proxy/'))).toEqual([]);
    expect(filesThat(/node:http/).filter((file) => file.startsWith('auth/'))).toEqual([]);
  });

  test('time, environment and randomness come in at the edge', () => {
    const users = filesThat(
      /\bDate\.now\(|\bperformance\.now\(|\bMath\.random\b|\bprocess\.(env|argv|exit)\b|(?<![.\w])set(Timeout|Interval)\(/,
    );
    expect(users.filter((file) => !edges.includes(file) && file !== 'clock.ts' && !file.startsWith('cli/'))).toEqual(
      [],
    );
  });

  test('the map in the README names the folders that exist, and no others', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const folders = readdirSync(join(root, 'src')).filter((name) => statSync(join(root, 'src', name)).isDirectory());
    const named = [...readme.matchAll(/^ {2}(\w+)\/ +/gm)].map(([, name]) => name ?? '');
    expect(named.toSorted()).toEqual(folders.toSorted());
    for (const [, file] of readme.matchAll(/`(src\/[\w/-]+\.ts)`/g))
      expect(sources).toContain(relative('src', file ?? ''));
  });

  test('zod is taken by its parts: as a whole it brings messages in fifty languages into every process', () => {
    expect(filesThat(/^import \{[^}]*\bz\b[^}]*\} from 'zod'/m)).toEqual([]);
  });
});
