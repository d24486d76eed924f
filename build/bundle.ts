/**
 * Makes `dist/`, or the folder that is named: the command, the library with its declarations, and the packages that they need from their start on,
 * in a few files. A process that reads sixty modules of one package to use five of them is slower to start and larger
 * at rest. What is loaded only where a config asks for it stays a dependency of its own. Names of ours are kept, so that
 * a stack still says where it was.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { build, type Metafile, type PluginBuild, transform } from 'esbuild';
import { writeDeclarations } from './declarations.ts';

const root = join(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(out, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts', 'src/worker.ts', 'src/index.ts'],
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.23',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  charset: 'utf8',
  external: Object.keys(dependencies),
  // Of yaml's two forms the one that leaves out what is not used.
  alias: { yaml: './node_modules/yaml/browser/index.js' },
  plugins: [
    { name: 'unused packages', setup: leaveOut },
    { name: 'short names', setup: shortenNames },
  ],
  // Packages in CommonJS ask for what Node.js brings with it.
  banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
  metafile: true,
});
numberChunks(metafile);
await makePage(join(root, 'src/server/page'), join(out, 'page'));
writeDeclarations(root, out);
writeFileSync(join(out, 'THIRD-PARTY.txt'), licences(Object.keys(metafile.inputs)));

/** What packages ask for, and use for what we do not: pino's transports, its redaction, and what it writes circles with. */
function leaveOut({ onResolve, onLoad }: PluginBuild): void {
  const namespace = 'unused';
  const asked = /^(thread-stream|safe-stable-stringify|@pinojs\/redact|\.\/(lib\/)?(transport|multistream))$/;
  onResolve({ filter: asked }, ({ path }) => ({ path, namespace }));
  onLoad({ filter: /^/, namespace }, () => ({ contents: 'exports.configure = () => JSON.stringify;' }));
}

/** Those within packages, and of what is done before a proxy serves: nobody looks for a fault in a stack there, and they are a part of what is downloaded. */
function shortenNames({ onLoad }: PluginBuild): void {
  const files = /\/node_modules\/.*\.[cm]?js$|\/src\/(cli|config|sandbox|library|app)\/.*\.ts$/;
  onLoad({ filter: files }, async ({ path }) => {
    const loader = path.endsWith('.ts') ? 'ts' : 'js';
    const { code } = await transform(await readFile(path, 'utf8'), { loader, minifyIdentifiers: true });
    return { contents: code };
  });
}

/**
 * What is called by a hash of its content is called by a number instead, in the order of what is in it: hashes are a part
 * of what is downloaded, and with each change they would put the files, which are packed in their order, into another.
 */
function numberChunks({ outputs }: Metafile): void {
  const files = Object.entries(outputs)
    .map(([path, { inputs }]) => ({ name: basename(path), first: Object.keys(inputs).toSorted()[0] ?? '' }))
    .toSorted((a, b) => a.first.localeCompare(b.first) || a.name.localeCompare(b.name));
  const hashed = files.map(({ name }) => name).filter((name) => /-[A-Z0-9]{8}\.js$/.test(name));
  const numbered = new Map(hashed.map((name, at) => [name, name.replace(/[A-Z0-9]{8}\.js$/, `${at + 1}.js`)]));
  for (const { name } of files) {
    const text = readFileSync(join(out, name), 'utf8');
    rmSync(join(out, name));
    const renamed = text.replace(/[a-z-]+-[A-Z0-9]{8}\.js/g, (found) => numbered.get(found) ?? found);
    writeFileSync(join(out, numbered.get(name) ?? name), renamed);
  }
}

/** The status page: its scripts in one, and what it shows them with. */
async function makePage(from: string, to: string): Promise<void> {
  const entryPoints = ['page.js', 'page.css'].map((file) => join(from, file));
  await build({ entryPoints, outdir: to, bundle: true, format: 'esm', minify: true });
  for (const file of ['index.html', 'icon.svg']) copyFileSync(join(from, file), join(to, file));
}

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
