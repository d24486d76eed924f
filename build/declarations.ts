/**
 * The declarations of what the library exports, and of nothing else: those that `src/index.ts` leads to. A type of the inside that is
 * named by one of them would come along; the test of the package tells which there are.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const options = [
  // The image is built without tsconfig.json.
  ...['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--strict', '--skipLibCheck'],
  ...['--exactOptionalPropertyTypes', '--allowImportingTsExtensions', '--verbatimModuleSyntax'],
  ...['--target', 'es2024', '--lib', 'es2024,esnext.disposable', '--module', 'nodenext', '--types', 'node'],
];

/** Writes them into `out`, beside the code. Throws with what the compiler says. */
export function writeDeclarations(root: string, out: string): void {
  const made = mkdtempSync(join(tmpdir(), 'bearerway-types-'));
  try {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const words = [...options, '--rootDir', 'src', '--outDir', made, 'src/index.ts'];
    execFileSync(process.execPath, [compiler, ...words], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    copy('index.d.ts', { made, out, copied: new Set() });
  } finally {
    rmSync(made, { recursive: true });
  }
}

interface Copying {
  readonly made: string;
  readonly out: string;
  readonly copied: Set<string>;
}

/** A file, and those that it imports, whose names there are those of the code. */
function copy(file: string, copying: Copying): void {
  const { made, out, copied } = copying;
  if (copied.has(file)) return;
  copied.add(file);
  const text = readFileSync(join(made, file), 'utf8');
  const target = join(out, file);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text.replace(/(from '\.[^']*)\.ts'/g, "$1.js'"));
  for (const [, name = ''] of text.matchAll(/from '(\.[^']*)\.ts'/g))
    copy(join(dirname(file), `${name}.d.ts`), copying);
}
