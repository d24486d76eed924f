const unitsMs = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** `500ms`, `30s`, `5m`, `24h` as milliseconds, `0s` among them; undefined when it is none. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(value) ?? [];
  // The pattern lets no other unit through.
  return amount === undefined ? undefined : Math.round(Number(amount) * unitsMs[unit as keyof typeof unitsMs]);
}

/** In the largest unit that leaves no fraction. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  for (const [unit, unitMs] of Object.entries(unitsMs)) {
    if (ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${ms}ms`;
}
