import { loadConfig } from '../config/load.ts';
import type { Process } from './process.ts';

/** Says that the config is fine, or rejects with the ConfigError that lists every fault. */
export async function check({ config: file }: { readonly config: string }, { env, stdout }: Process): Promise<void> {
  const config = await loadConfig(file, env);
  stdout.write(
    `${file}: fine (${counted(config.routes.length, 'route')}, ${counted(Object.keys(config.credentials).length, 'credential')})\n`,
  );
}

function counted(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
