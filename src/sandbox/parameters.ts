/** The parameters in a body, as JSON or as a form; an Error that says what is malformed. */
export function parseParameters(
  mediaType: 'application/json' | 'application/x-www-form-urlencoded',
  body: Buffer,
): ReadonlyMap<string, unknown> | Error {
  if (mediaType === 'application/json') {
    const value = parseJsonObject(body);
    return value === undefined ? new Error('the body must be a JSON object') : new Map(Object.entries(value));
  }
  return parseForm(body.toString('latin1'));
}

/** The object that the bytes are the JSON of; undefined when they are not. */
export function parseJsonObject(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // What JSON.parse makes of an object has string keys and nothing else.
  return value as Record<string, unknown>;
}

/** Stricter than URLSearchParams, which takes anything and keeps repeated names (RFC 6749 §3.2: not more than once). */
function parseForm(text: string): ReadonlyMap<string, unknown> | Error {
  const parameters = new Map<string, string>();
  if (!/^[\x21-\x7e]*$/.test(text)) return new Error('the body must be a form of visible ASCII');
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals < 1) return new Error('the body must be a form of name=value');
    try {
      const name = decoded(pair.slice(0, equals));
      if (parameters.has(name)) return new Error('a parameter is given more than once');
      parameters.set(name, decoded(pair.slice(equals + 1)));
    } catch {
      return new Error('the body must be a form of percent-encoded UTF-8');
    }
  }
  return parameters;
}

function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
