/** From a file to a frozen {@link Config}: file → YAML → environment → checked. All faults at once, each with its place. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Document, isCollection, isMap, isNode, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { egressOf } from './egress.ts';
import { type Environment, substitute } from './environment.ts';
import { ConfigError, type ConfigFault, fromIssue, type PlacedFault } from './faults.ts';
import { type KnownKeys, knownKeys } from './json-schema.ts';
import { namedFiles, programsIn } from './named-files.ts';
import { type Config, configSchema } from './schema.ts';
import { secretFilesIn } from './secret-files.ts';
import { strayingSecrets } from './straying-secrets.ts';
import { forbidden, yamlFaults } from './yaml-faults.ts';

/** Rejects with a ConfigError, whose message is ready to be shown. */
export async function loadConfig(file: string, env: Environment): Promise<Config> {
  return parseConfig(await readConfig(file), { file, env });
}

/** The text of a config. Rejects with a ConfigError. */
export async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? `there is no such file in ${resolve(dirname(file))} (go to its folder, or name it with --config FILE or BEARERWAY_CONFIG)`
        : code === 'EISDIR'
          ? 'is a folder (name the file in it)'
          : `cannot be read (${code})`;
    throw new ConfigError(file, [{ line: 1, column: 1, path: '', message }]);
  }
}

/** Of a text: throws a ConfigError, whose message is ready to be shown. `file` names it in messages, and relative paths in it are below its folder. */
export function parseConfig(
  source: string,
  { file, env }: { readonly file: string; readonly env: Environment },
): Config {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const faults: ConfigFault[] = [];
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const unread = (offset: number, message: string): void => {
    faults.push({ ...at(offset), path: '', message });
  };
  for (const { offset, message } of yamlFaults(document, source)) unread(offset, message);
  forbidden(document, unread);
  if (faults.length > 0) throw new ConfigError(file, faults.toSorted(byPlace));

  let sources: ReadonlyMap<unknown, ReadonlySet<string>> = new Map();
  const place = (fault: PlacedFault): void => {
    const variables = sources.get(document.getIn(fault.path, true));
    const from = variables === undefined ? '' : ` [from ${[...variables].join(', ')}]`;
    faults.push({ ...at(offsetOf(document, fault)), path: spelt(fault.path), message: `${fault.message}${from}` });
  };
  strayingSecrets(document, env, (path, message) => place({ path, atKey: false, message }));
  sources = substitute(document, env, (path, message) => place({ path, atKey: false, message }));
  // What is missing there for want of a variable is told already.
  const unset = new Set(faults.map(({ path }) => path));
  const surroundings = { folder: dirname(file), env };
  const written = plain(document, unread) ?? {};
  const config = checked(written, surroundings, (fault) => {
    if (!unset.has(spelt(fault.path))) place(fault);
  });
  if (config === undefined || faults.length > 0)
    throw new ConfigError(file, faults.toSorted(byPlace), filesIn(written, surroundings.folder));
  return config;
}

/**
 * Of plain values, as a program has them: nothing is replaced in them. Throws a ConfigError that tells of places by their
 * paths alone. Relative paths begin at `folder`.
 */
export function checkConfig(given: unknown, surroundings: ConfigSurroundings): Config {
  const faults: ConfigFault[] = [];
  const config = checked(given, surroundings, ({ path, message }) => {
    faults.push({ line: 0, column: 0, path: spelt(path), message });
  });
  if (config === undefined || faults.length > 0) throw new ConfigError(undefined, faults);
  return config;
}

interface ConfigSurroundings {
  readonly folder: string;
  readonly env: Environment;
}

/** Undefined where there is a fault. */
function checked(
  written: unknown,
  { folder, env }: ConfigSurroundings,
  fault: (fault: PlacedFault) => void,
): Config | undefined {
  const { data, error } = schemaOf(folder).safeParse(written, { reportInput: true });
  const keysAt = (path: readonly PropertyKey[]): KnownKeys => knownKeys(path, written);
  for (const issue of error?.issues ?? []) for (const found of fromIssue(issue, keysAt)) fault(found);
  const noPlace = (message: string): void => fault({ path: ['egress', 'proxy'], atKey: false, message });
  const egress = data && egressOf(data.egress, env, noPlace);
  if (data === undefined || egress === undefined) return undefined;
  return freeze({
    ...data,
    egress,
    files: namedFiles(written, folder),
    secretFiles: secretFilesIn(written, folder),
  });
}

function filesIn(written: unknown, folder: string): string[] {
  return [...namedFiles(written, folder), ...secretFilesIn(written, folder), ...programsIn(written, folder)];
}

/** Made once for a folder: it is large, and a config may be read again and again. */
const schemas = new Map<string, ReturnType<typeof configSchema>>();

function schemaOf(folder: string): ReturnType<typeof configSchema> {
  const schema = schemas.get(folder) ?? configSchema(folder);
  schemas.set(folder, schema);
  return schema;
}

/** One anchor may be used so often, all aliases within it counted for themselves: once for each of many routes. */
const MOST_ALIASES = 10_000;

/** The document as plain values; aliases that multiply each other beyond measure are a fault. */
function plain(document: Document, fault: (offset: number, message: string) => void): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    fault(0, 'has aliases of aliases that would grow beyond measure');
    return undefined;
  }
}

function byPlace(a: ConfigFault, b: ConfigFault): number {
  return a.line - b.line || a.column - b.column;
}

/** Where in the text a fault is: its key or value, or the nearest group above that is there. */
function offsetOf(document: Document, { path, atKey }: PlacedFault): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  for (const [depth, step] of path.entries()) {
    if (!isCollection(node)) break;
    const last = depth === path.length - 1;
    const pair = isMap(node)
      ? node.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step))
      : undefined;
    const next: unknown = pair === undefined ? node.get(step, true) : pair.value;
    const key = pair?.key as Node | undefined;
    const place = (last && atKey) || !isNode(next) ? key : next;
    offset = place?.range?.[0] ?? offset;
    node = next;
  }
  return offset;
}

function spelt(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}${text && '.'}${keyName(String(step))}`),
    '',
  );
}

/** A key as it is told: `{clientSecret:x}`, for want of a space, is a key that holds a value, and so is `{NAME=x: }`. */
function keyName(key: string): string {
  const end = key.search(/[:=]/);
  return end === -1 ? key : `${key.slice(0, end + 1)}…`;
}

/** Plain groups and lists, all the way down; secrets are their own guards. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) freeze(member);
  }
  return value;
}
