import { expect } from 'vitest';

/** What no log line and no error body may ever hold: obvious fakes, with characters that encodings change. */
export const CLIENT_SECRET = 'canary-secret+/%&=:é"7';
/** For servers that take visible ASCII alone (RFC 6749 Appendix A.2), and as long as HS512 wants it. */
export const ASCII_SECRET = 'canary-ascii-secret+/%&=:"7-and-so-on-up-to-sixty-four-characters!';
export const CLIENT_ID = 'canary-client';
export const CLIENT_TOKEN = 'canary-client-token-9';
/** Who we are to an egress proxy. */
export const EGRESS_USER = 'canary-user';
export const EGRESS_PASSWORD = 'canary-egress:p@ss/é7';
/** Every token that a test's identity provider issues begins like this. */
export const TOKEN_PREFIX = 'canary-token-';

/** Fails if the text holds a secret or a token: raw, in base64 at any offset, or URL-encoded. */
export function expectNoCanary(text: string, where: string): void {
  const form = forms.find((each) => text.includes(each));
  if (form !== undefined) expect.fail(`${where} holds ${form}: ${text.slice(0, 2000)}`);
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    // Without the characters that depend on the bytes before and behind.
    return encoded.slice(offset === 0 ? 0 : 4, -4);
  });
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    ...base64,
  ];
}

const forms = [CLIENT_SECRET, ASCII_SECRET, CLIENT_TOKEN, EGRESS_PASSWORD, TOKEN_PREFIX].flatMap(formsOf);
