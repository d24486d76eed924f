import { loadConfig } from '../config/load.ts';
import { printable } from '../errors.ts';
import type { Process } from './process.ts';

export interface CheckWords {
  readonly config: string;
  /** Gets a token with each credential, too. */
  readonly live?: boolean;
}

/** Says that the config is fine, or rejects with the ConfigError that lists every fault; `live`: or with a Complaint. */
export async function check({ config: file, live }: CheckWords, process: Process): Promise<void> {
  const { env, stdout } = process;
  const config = await loadConfig(file, env);
  const names = Object.keys(config.credentials);
  const used = new Set(config.routes.map(({ credential }) => credential));
  const unused = names.filter((name) => !used.has(name)).map(printable);
  const beside = unused.length === 0 ? '' : `; no route uses ${unused.join(', ')}`;
  stdout.write(
    `${file}: fine (${counted(config.routes.length, 'route')}, ${counted(names.length, 'credential')}${beside})\n`,
  );
  if (live === true) await (await import('./live-check.ts')).liveCheck(config, process);
}

function counted(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
