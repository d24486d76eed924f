/** When a JWT was issued and when it expires (RFC 7519 §4.1), epoch seconds. */
export interface JwtTimes {
  readonly iat: number | undefined;
  readonly exp: number | undefined;
}

/** What a token says of its times; neither if it is no JWT. Nothing is verified: whoever takes the token does that. */
export function jwtTimes(token: string): JwtTimes {
  const parts = token.split('.');
  const none = { iat: undefined, exp: undefined };
  if (parts.length !== 3) return none;
  try {
    const payload: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    if (typeof payload !== 'object' || payload === null) return none;
    const { exp, iat } = payload as { readonly exp?: unknown; readonly iat?: unknown };
    return { iat: typeof iat === 'number' ? iat : undefined, exp: typeof exp === 'number' ? exp : undefined };
  } catch {
    return none;
  }
}
