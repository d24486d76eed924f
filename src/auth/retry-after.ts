/** `Retry-After` (RFC 9110 §10.2.3), seconds or a date, as milliseconds from now; undefined if it says nothing usable. */
export function retryAfterMs(value: string | undefined, nowWallMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,10}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowWallMs);
}
