/** Durations and sizes as people write them. */

const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const sizeUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

function parser(units: Readonly<Record<string, number>>) {
  const pattern = new RegExp(`^(\\d{1,9}(?:\\.\\d{1,3})?)(${Object.keys(units).join('|')})$`);
  const parse = (text: string): number | undefined => {
    const [, amount, unit = ''] = pattern.exec(text) ?? [];
    const factor = units[unit];
    return factor === undefined ? undefined : Math.round(Number(amount) * factor);
  };
  return { pattern, parse };
}

const durations = parser(durationUnits);
const sizes = parser(sizeUnits);

export const durationPattern = durations.pattern;
/** `500ms`, `30s`, `5m`, `24h` as milliseconds; undefined when it is none. */
export const parseDuration = durations.parse;

export const sizePattern = sizes.pattern;
/** `512B`, `64KiB`, `1MiB`, `1GiB` as bytes; undefined when it is none. */
export const parseSize = sizes.parse;

/** A duration in the largest unit that leaves no fraction. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const [unit = 'ms', unitMs = 1] = Object.entries(durationUnits).findLast(([, factor]) => ms % factor === 0) ?? [];
  return `${ms / unitMs}${unit}`;
}
