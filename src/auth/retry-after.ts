/** One of the three forms of RFC 9110 §5.6.7, of which the last names no zone; Date.parse alone makes a date of nearly anything. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? [\w -]+ \d\d:\d\d:\d\d( GMT| \d{4})$/;

/** `Retry-After` (RFC 9110 §10.2.3), seconds or a date, as milliseconds from now; undefined if it says nothing usable. */
export function retryAfterMs(value: string | undefined, nowWallMs: number): number | undefined {
  const given = value?.trim() ?? '';
  if (/^\d+$/.test(given)) return Number(given) * 1000;
  if (!HTTP_DATE.test(given)) return undefined;
  const date = Date.parse(given.endsWith('GMT') ? given : `${given} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowWallMs);
}
