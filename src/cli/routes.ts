import { loadConfig } from '../config/load.ts';
import type { RouteConfig } from '../config/schema.ts';
import { columns } from './columns.ts';
import type { Process } from './process.ts';

/** Prints the route table. */
export async function routes({ config: file }: { readonly config: string }, { env, stdout }: Process): Promise<void> {
  const config = await loadConfig(file, env);
  stdout.write(routeTable(config.routes));
}

/** A line a route: prefix → upstream, credential, methods; in columns. */
export function routeTable(given: readonly RouteConfig[]): string {
  return columns(
    given.map(({ prefix, upstream, credential, methods }) => [
      prefix,
      '→',
      `${upstream.origin}${upstream.basePath}`,
      credential === undefined ? 'no credential' : `credential ${credential}`,
      methods?.join(',') ?? 'any method',
    ]),
  );
}
