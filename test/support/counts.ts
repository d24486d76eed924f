import { appendFileSync } from 'node:fs';

/** Tells how many of something were seen, without a violation; `npm run security` adds them up. */
export function count(what: string, number: number): void {
  const file = process.env['BEARERWAY_COUNTS'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ what, number })}\n`);
}

/** True in `npm run security`: all of what `npm test` takes a part of. */
export const isWhole = process.env['BEARERWAY_WHOLE'] !== undefined;
