/** The package as npm makes it, in an empty project: what who installs it has, and nothing else. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** That node comes first, as in npm scripts. */
export const env = {
  ...process.env,
  PATH: [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env['PATH']].join(':'),
};

export interface PackedFile {
  readonly path: string;
  readonly size: number;
}

export interface Packed {
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  readonly files: readonly PackedFile[];
}

export interface Installed {
  readonly packed: Packed;
  readonly tarball: string;
  /** The project that has it. */
  readonly project: string;
}

function npm(...words: string[]): string {
  return execFileSync('npm', words, { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/**
 * Builds and packs it, and lays it into a project as `npm install` would. Its dependencies are linked from here rather
 * than fetched, so that no test needs the registry; what is none of them is not found from there.
 */
export function install(): Installed {
  npm('run', '-s', 'build');
  const folder = mkdtempSync(join(tmpdir(), 'bearerway-package-'));
  const [packed]: Packed[] = JSON.parse(npm('pack', '--ignore-scripts', '--json', '--pack-destination', folder));
  if (packed === undefined) throw new Error('npm packed nothing');
  const tarball = join(folder, packed.filename);
  const project = join(folder, 'project');
  const modules = join(project, 'node_modules');
  const own = join(modules, 'bearerway');
  mkdirSync(own, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', own, '--strip-components=1']);
  const { dependencies, bin } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) link(join(root, 'node_modules', name), join(modules, name));
  for (const [name, file] of Object.entries(bin)) link(join(own, String(file)), join(modules, '.bin', name));
  writeFileSync(join(project, 'package.json'), '{"name": "app", "private": true, "type": "module"}\n');
  return { packed, tarball, project };
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

/** What a program said, on both outputs. */
export function said(
  cwd: string,
  program: string,
  ...words: string[]
): { readonly code: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(program, words, { cwd, env, encoding: 'utf8' });
  return { code: status, text: `${stdout}${stderr}` };
}
