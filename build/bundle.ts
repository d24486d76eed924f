/**
 * Makes `dist/`, or the folder that is named: the product and the packages that it needs from its start on, in a few files. A process that reads
 * sixty modules of one package to use five of them is slower to start and larger at rest. What is loaded only where a
 * config asks for it stays a dependency of its own. Names are kept, so that a stack still says where it was.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(out, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts', 'src/worker.ts'],
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.23',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  external: Object.keys(dependencies),
  // Packages in CommonJS ask for what Node.js brings with it.
  banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
  metafile: true,
});
writeFileSync(join(out, 'THIRD-PARTY.txt'), licences(Object.keys(metafile.inputs)));

/** The licence of every package that is among these files: each asks to be passed on with its code. */
function licences(files: readonly string[]): string {
  const folders = new Set(files.filter((file) => file.startsWith('node_modules/')).map(packageFolder));
  return [...folders]
    .toSorted()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const text = readdirSync(join(root, folder)).find((file) => /^licen[cs]e/i.test(file));
      if (text === undefined) throw new Error(`${folder} has no licence in it`);
      return `${name} ${version} (${license})\n\n${readFileSync(join(root, folder, text), 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** Where a package's own package.json is: `node_modules/yaml` of `node_modules/yaml/dist/index.js`. */
function packageFolder(file: string): string {
  const [at] = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [dirname(file)];
  if (!existsSync(join(root, at, 'package.json'))) throw new Error(`${file} is of no package`);
  return at;
}
