/** It has to fit into the header section of a request. */
const LONGEST_TOKEN = 16_384;

/** Why a text cannot be sent as a token, if so; to be read behind "the token". */
export function tokenProblem(text: string): string | undefined {
  if (text.length > LONGEST_TOKEN) return `is longer than ${LONGEST_TOKEN} characters`;
  return /^[\x21-\x7e]+$/.test(text) ? undefined : 'has a character that may not stand in a header';
}
