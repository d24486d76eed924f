/**
 * Found by the fuzz of configs. `auth.example.com:8443/token` reads as an address with a scheme of that name, which has no
 * origin. Where its credential had another fault, to compare it with that of the proxy ended in a crash.
 */
import { expect, test } from 'vitest';
import { faultsOf } from '../config/reading.ts';

test('a token endpoint without https:// in a credential of no known type is told as faults, not as a crash', () => {
  const source = `listen: {host: 127.0.0.1, port: 8080}
credentials: {main: {type: nonsense, tokenUrl: "auth.example.com:8443/token"}}
routes: [{prefix: /a, upstream: "https://api.example.com", credential: main}]
`;
  expect(faultsOf(source)).toEqual([
    expect.stringMatching(/^proxy\.yaml:2:28 credentials\.main\.type: is none of the words known here/),
  ]);
});
