/** It has to fit into the header section of a request. */
const LONGEST_TOKEN = 16_384;

/** Why a text cannot be sent as a token, if so; to be read behind "the token". */
export function tokenProblem(text: string): string | undefined {
  return /[ \t]/.test(text) ? 'has a space, which may not stand in a token' : fieldValueProblem(text);
}

/** Why a text cannot be sent as the value of a field (RFC 9110 §5.5), if so. */
export function fieldValueProblem(text: string): string | undefined {
  if (text.length > LONGEST_TOKEN) return `is longer than ${LONGEST_TOKEN} characters`;
  if (/^[\x21-\x7e](?:[\t \x21-\x7e]*[\x21-\x7e])?$/.test(text)) return undefined;
  return 'has a character that may not stand in a header (a line break, a space around it, or none of ASCII)';
}
