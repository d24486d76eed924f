import { loadConfig } from '../config/load.ts';
import type { RouteConfig } from '../config/schema.ts';
import type { Process } from './process.ts';

/** Prints the route table. */
export async function routes({ config: file }: { readonly config: string }, { env, stdout }: Process): Promise<void> {
  const config = await loadConfig(file, env);
  stdout.write(routeTable(config.routes));
}

/** A line a route: prefix → upstream, credential, methods; in columns. */
export function routeTable(given: readonly RouteConfig[]): string {
  const rows = given.map(({ prefix, upstream, credential, methods }) => [
    prefix,
    '→',
    `${upstream.origin}${upstream.basePath}`,
    credential === undefined ? 'no credential' : `credential ${credential}`,
    methods?.join(',') ?? 'any method',
  ]);
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, i) => Math.max(widest[i] ?? 0, cell.length)),
    [],
  );
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
