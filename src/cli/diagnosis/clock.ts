/** How far this machine's clock is from the server's, where that matters. */
import type { Heard } from '../token-attempt.ts';
import type { GrantConfig } from './symptoms.ts';

/** So far off may clocks be for an assertion that lives a minute. Milliseconds. */
const LARGEST_SKEW_MS = 30_000;

/** How far this machine's clock is ahead of the server's, by the `Date` of an answer, if that matters. */
export function skewMsOf({ date, atWallMs }: Heard): number | undefined {
  const skewMs = atWallMs - Date.parse(date ?? '');
  return Math.abs(skewMs) > LARGEST_SKEW_MS ? skewMs : undefined;
}

/** Are assertions signed here, with this machine's time in them? */
export function signs(options: GrantConfig): boolean {
  if (options.clientAuth === 'private_key_jwt' || options.clientAuth === 'client_secret_jwt') return true;
  return options.type === 'jwt_bearer' && options.assertion === undefined;
}

export function skewInWords(skewMs: number): string {
  return `the clock of this machine is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs < 0 ? 'behind' : 'ahead of'} the server's`;
}
