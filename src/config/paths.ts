/** What may stand in a path of an address or a prefix. */
import { hasDotSegment } from '../dot-segments.ts';

/** Why no request target could have such a path, if so (RFC 3986 §3.3; what the guard refuses besides). */
export function pathProblem(path: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return 'has a "%" that encodes nothing (%25 would be the character itself)';
  if (!/^[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$/.test(path))
    return 'has a character in its path that has to be encoded (such as %20 for a space)';
  if (/%00/.test(path)) return 'has an encoded NUL in its path';
  if (hasDotSegment(path)) return 'has a "." segment in its path, which no request can match';
  return undefined;
}
