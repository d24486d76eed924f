/** Why an endpoint cannot be reached: causes that no test can bring about on every machine. */
import { expect, test } from 'vitest';
import { diagnose } from '../../src/cli/diagnosis/diagnosis.ts';
import { Failure } from '../../src/errors.ts';
import { mainCredential, withCredential } from '../config/reading.ts';

function told(error: Error): string {
  const failure = new Failure('token_unavailable', 'the token endpoint cannot be reached', { cause: error });
  const { cause, remedy } = diagnose({ options: mainCredential(withCredential('')), failure, heard: undefined });
  expect(`${cause}${remedy}`).not.toMatch(/\n/);
  return `${cause} / ${remedy}`;
}

const coded = (code: string, more: ErrorOptions = {}): Error =>
  Object.assign(new Error('as the system says', more), { code });

test.each<[string, Error, RegExp]>([
  [
    'a name without an address',
    coded('ENOTFOUND'),
    /^the name of id\.example\.com has no address \(DNS\) \/ .*egress\.proxy/,
  ],
  ['a resolver that is away', coded('EAI_AGAIN'), /has no address \(DNS\)/],
  [
    'a connection that takes too long',
    coded('UND_ERR_CONNECT_TIMEOUT'),
    /^there is no way from here to .*request\.timeout/,
  ],
  ['a network that is away', coded('ENETUNREACH'), /^there is no way from here/],
  [
    'every address of a name refusing',
    new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]),
    /^nothing listens on/,
  ],
  ['a cause behind another', coded('UND_ERR', { cause: coded('ECONNREFUSED') }), /^nothing listens on/],
  ['a connection that was cut', coded('UND_ERR_SOCKET'), /broke the connection off without an answer \/ .*scheme/],
  ['a certificate that has expired', coded('CERT_HAS_EXPIRED'), /has expired, by the clock of this machine \/ .*renew/],
  ['a certificate of tomorrow', coded('CERT_NOT_YET_VALID'), /not valid yet.* \/ set the clock/],
  [
    'an intermediate that is missing',
    coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
    /nobody that this machine trusts \/ tls\.ca: .*with any between/,
  ],
  ['an inspecting proxy', coded('SELF_SIGNED_CERT_IN_CHAIN'), /egress\.ca$/],
  [
    'a client certificate that is missing',
    coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
    /broke the TLS handshake off \/ .*tls\.cert and tls\.key/,
  ],
  [
    'what is none of these',
    coded('EWHATEVER'),
    /^the token endpoint cannot be reached: as the system says \(EWHATEVER\) \/ look at tokenUrl/,
  ],
])('%s is told, with what to do', (_, error, expected) => {
  expect(told(error)).toMatch(expected);
});
