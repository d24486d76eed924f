import { url } from 'node:inspector';

/** What shows the memory of this process, or what it sends, to others: told at each start, as it is seldom meant to last. */
export function exposures(env: Readonly<Record<string, string | undefined>>): string[] {
  const told: string[] = [];
  if (url() !== undefined)
    told.push(
      'the inspector is open (--inspect, perhaps in NODE_OPTIONS): whoever reaches it can read every token and secret',
    );
  if (env['NODE_DEBUG'])
    told.push('NODE_DEBUG is set: what Node.js prints of its connections may hold tokens and secrets; unset it');
  return told;
}
