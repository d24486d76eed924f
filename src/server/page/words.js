/** How figures are told. */

/**
 * The two largest units.
 * @param {number} seconds
 */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = /** @type {const} */ ([
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ]);
  const from = parts.findIndex(([amount]) => amount > 0);
  if (from === -1) return '0 s';
  const told = parts.slice(from, from + 2).filter(([amount]) => amount > 0);
  return told.map(([amount, unit]) => `${amount} ${unit}`).join(' ');
}

/** @param {number | null | undefined} ms */
export function inMs(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/**
 * The time of day, here.
 * @param {string} date RFC 3339.
 */
export function clockTime(date) {
  return new Date(date).toLocaleTimeString([], { hourCycle: 'h23' });
}

/**
 * @param {number} count
 * @param {string} one
 */
export function counted(count, one) {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
