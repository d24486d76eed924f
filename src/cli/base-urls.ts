import { Usage } from './complaint.ts';

/** `/a/b-c` → `A_B_C_BASE_URL`; `/` → `BASE_URL`. */
export function variableOf(prefix: string): string {
  return variableName(prefix === '/' ? 'BASE_URL' : `${prefix.slice(1)}_BASE_URL`);
}

/** What is closest to a text among the names that a variable may have (POSIX.1, Base Definitions §8.1). */
export function variableName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9]/g, '_').toUpperCase();
  return /^\d/.test(name) ? `_${name}` : name;
}

/** For each prefix the variable that holds its base URL. Throws a Usage where two would share one. */
export function baseUrls(prefixes: readonly string[], origin: string): Readonly<Record<string, string>> {
  const taken = new Map<string, string>();
  for (const prefix of prefixes) {
    const name = variableOf(prefix);
    const other = taken.get(name);
    if (other !== undefined)
      throw new Usage(`the routes ${other} and ${prefix} would both be ${name}: give one of them another prefix`);
    taken.set(name, prefix);
  }
  return Object.fromEntries([...taken].map(([name, prefix]) => [name, `${origin}${prefix === '/' ? '' : prefix}`]));
}
