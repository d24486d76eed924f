import { Fields } from '../fields.ts';
import { withoutParameter } from './target.ts';

const pointing = new Set(['location', 'content-location']);

/** Without the query parameter that the token is in: an API that redirects may keep the query, and so hand the token out. */
export function withoutInjected(fields: Fields, parameter: string): Fields {
  const { lines } = fields;
  const isPointer = (at: number): boolean => pointing.has((lines[at] ?? '').toLowerCase());
  if (!lines.some((_, at) => at % 2 === 0 && isPointer(at))) return fields;
  return new Fields(lines.map((text, at) => (at % 2 === 1 && isPointer(at - 1) ? cleaned(text, parameter) : text)));
}

/** Relative or absolute; all but that parameter stays as it came. */
function cleaned(reference: string, parameter: string): string {
  // A `?` behind a `#` is of the fragment.
  return reference.replace(/^([^?#]*)(\?[^#]+)/, (_, before: string, query: string) => {
    return `${before}${withoutParameter(query, parameter)}`;
  });
}
