/** What comes of a case instead of what its source says of it, on purpose; and why. */
interface Deliberate {
  readonly outcome: 'refuse' | 'twin dropped' | 'framed' | 'cut short';
  readonly why: string;
}

const coding: Deliberate = {
  outcome: 'refuse',
  why: 'a transfer coding other than exactly chunked is not implemented (RFC 9112 §6.1, §7.1)',
};
const twin: Deliberate = {
  outcome: 'twin dropped',
  why: 'a name that only some servers take for one of framing says nothing to us, and does not go on',
};
const framed: Deliberate = {
  outcome: 'framed',
  why: 'a GET or HEAD may have a body (RFC 9110 §9.3.1); it goes on as one message, with framing of ours',
};

export const deliberate: ReadonlyMap<string, Deliberate> = new Map([
  ['hdg-Ambiguous/ambiguous.yaml#Transfer_Encoding with underscore.', twin],
  ['hdg-Ambiguous/ambiguous.yaml#Content_Length with underscore.', twin],
  ['hdg-Ambiguous/ambiguous.yaml#Transfer-Encoding with multiple hyphens', twin],
  ['hdg-Ambiguous/ambiguous.yaml#Transfer-Encoding with multiple delimiters', twin],
  ['hdg-Ambiguous/ambiguous.yaml#Get with a body and Content-Length', framed],
  ['hdg-Ambiguous/ambiguous.yaml#Get with a body and Transfer-Encoding', framed],
  ['hdg-Ambiguous/ambiguous.yaml#Head with a body and Content-Length', framed],
  ['hdg-Ambiguous/ambiguous.yaml#Head with a body and Transfer-Encoding', framed],
  ['hdg-Ambiguous/real-life-test-cases.yaml#Has a CL in GET', framed],
  ['hdg-Ambiguous/real-life-test-cases.yaml#Has a TE in GET', framed],
  ['hdg-Compliant/more-compliant-tests.yaml#Correct TE OK', coding],
  ['hdg-Compliant/more-compliant-tests.yaml#Transfer-Encoding: identity and chunked OK', coding],
  ['hdg-Compliant/more-compliant-tests.yaml#Multiple transfer encoding headers in a single request OK', coding],
  ['hdg-Compliant/more-compliant-tests.yaml#TE with custom parameters OK', coding],
  ['hdg-Compliant/rfc-compliant.yaml#Different Transfer-Encoding headers', coding],
  ['hdg-Compliant/rfc-compliant.yaml#Different Transfer-Encoding headers combined', coding],
  ['hdg-Compliant/rfc-compliant.yaml#Transfer-Encoding with a param: chunked;custom_param', coding],
  [
    'hdg-Compliant/more-compliant-tests.yaml#Large Size OK',
    { outcome: 'cut short', why: 'its body is shorter than it says: what was begun is given up towards the API' },
  ],
  [
    'hdg-Compliant/rfc-compliant.yaml#Compliant URL',
    { outcome: 'refuse', why: 'a target with a fragment, and a backslash, can be read in two ways' },
  ],
  ['hdg-Compliant/rfc-compliant.yaml#Empty URI', { outcome: 'refuse', why: 'an empty target is none (RFC 9112 §3.2)' }],
]);
