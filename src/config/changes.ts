import { alike } from '../alike.ts';
import type { Config } from './schema.ts';

/** What another config changes, by name: `route /crm`, `credential crm`, `limits.inFlight`. Never a value. */
export interface ConfigChanges {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

type Named = ReadonlyMap<string, unknown>;

export function configChanges(before: Config, after: Config): ConfigChanges {
  const [old, now] = [namesOf(before), namesOf(after)];
  const known = [...now.keys()].filter((name) => old.has(name));
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    changed: known.filter((name) => !alike(old.get(name), now.get(name))),
    removed: [...old.keys()].filter((name) => !now.has(name)),
  };
}

export function isUnchanged({ added, changed, removed }: ConfigChanges): boolean {
  return added.length + changed.length + removed.length === 0;
}

function namesOf({ credentials, routes, files: _, secretFiles: __, ...settings }: Config): Named {
  return new Map([
    ...routes.map((route) => [`route ${route.prefix}`, route] as const),
    ...Object.entries(credentials).map(([name, credential]) => [`credential ${name}`, credential] as const),
    ...Object.entries(settings).flatMap(([section, value]) => settingsOf(section, value)),
  ]);
}

/** A group by its keys; one that can be something else than a group is told of as a whole. */
function settingsOf(section: string, value: unknown): (readonly [string, unknown])[] {
  const isWhole = typeof value !== 'object' || value === null || section === 'tokenStore' || section === 'admin';
  if (isWhole) return [[section, value]];
  return Object.entries(value).map(([key, member]) => [`${section}.${key}`, member] as const);
}

/** What takes a restart. */
const fixed: Readonly<Record<string, (config: Config) => unknown>> = {
  'log.format': ({ log }) => log.format,
  workers: ({ workers }) => workers,
};

/** The keys that another config changes to no effect before a restart. */
export function keysOfRestart(before: Config, after: Config): string[] {
  return Object.entries(fixed).flatMap(([key, of]) => (alike(of(before), of(after)) ? [] : [key]));
}
