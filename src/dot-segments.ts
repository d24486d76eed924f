/**
 * True if a path has a `.` or `..` segment (RFC 3986 §3.3) once it is decoded as an API would: once, `%2e`, `%2f`, `%5c`
 * and `%3b` too. What stands behind a `;` in a segment is a parameter to some servers (`..;/`), and behind a `?` or `#`
 * that they decode, a query or a fragment. What is encoded twice is data.
 */
export function hasDotSegment(path: string): boolean {
  if (!path.includes('.') && !/%2e/i.test(path)) return false;
  const decoded = path.replace(/%(2e|2f|5c|3b|3f|23)/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return decoded.split(/[/\\]/).some((segment) => /^\.\.?([;?#]|$)/.test(segment));
}
