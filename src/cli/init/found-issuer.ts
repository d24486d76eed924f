import type { ServerDescription } from '../../auth/discovery.ts';
import { systemClock } from '../../clock.ts';
import { egressOf } from '../../config/egress.ts';
import { issuerAddress } from '../../config/urls.ts';
import { Egress } from '../../egress.ts';
import { asFailure, type Failure } from '../../errors.ts';
import { Complaint, Usage } from '../complaint.ts';
import { aboutConnection } from '../diagnosis/connection.ts';
import { type ConfidentialAuth, clientAuthOf, describeIssuer } from '../issuer.ts';
import type { Process } from '../process.ts';
import { waitingFor } from '../progress.ts';
import type { FoundIssuer } from './plan.ts';

/** What is wrong with the address of an issuer, if something is. */
export function issuerProblem(issuer: string): string | undefined {
  return issuerAddress.safeParse(issuer).error?.issues[0]?.message;
}

/** An issuer as it was found, before a client authentication is chosen. */
export type Candidate = Omit<FoundIssuer, 'clientAuth'> & {
  /** Where a client that shows a certificate gets its tokens (RFC 8705 §5). Rejects as `findIssuer`. */
  mutualTlsTokenUrl(): Promise<string>;
};

/** Asks an issuer for its metadata. Rejects with a Usage, or with a Complaint that says what to change. */
export async function findIssuer(issuer: string, process: Process): Promise<Candidate> {
  const problem = issuerProblem(issuer);
  if (problem !== undefined) throw new Usage(`--issuer ${problem}`);
  const egress = new Egress(
    egressOf({ proxy: undefined, noProxy: undefined, ca: undefined }, process.env, (message) => {
      throw new Usage(`the egress proxy ${message}`);
    }),
  );
  const describe = async (mutualTls: boolean): Promise<ServerDescription> => {
    const work = describeIssuer({ issuer, tls: {}, egress, mutualTls });
    return await waitingFor(work, `asking ${issuer}`, { ...process, clock: systemClock }).catch((thrown) => {
      throw complaintOf(asFailure(thrown), issuer);
    });
  };
  const found = await describe(false);
  for (const note of notesOn(found)) process.stderr.write(`bearerway: ${note}\n`);
  return {
    issuer,
    tokenUrl: found.tokenUrl,
    clientAuths: clientAuthOf(found),
    scopes: (found.scopes ?? []).filter(isScope),
    mutualTlsTokenUrl: async () => (await describe(true)).tokenUrl,
  };
}

function complaintOf(failure: Failure, issuer: string): Complaint {
  const { cause, remedy } = aboutConnection({ tokenUrl: undefined, issuer, tls: NO_TLS }, failure);
  const here = remedy.startsWith('tls.ca') ? ' (for this command: NODE_EXTRA_CA_CERTS)' : '';
  return new Complaint(`${cause}\n  try: ${remedy}${here}`);
}

const NO_TLS = { ca: undefined, cert: undefined, key: undefined };

function notesOn(found: ServerDescription): string[] {
  const notes: string[] = [];
  if (found.grantTypes?.includes('client_credentials') === false)
    notes.push('its metadata does not name client_credentials: have it enabled, or change type in what is written');
  if (clientAuthOf(found).length === 0)
    notes.push('its metadata names no client authentication that is known here: basic is written');
  return notes;
}

/** RFC 6749 §3.3. */
function isScope(text: string): boolean {
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(text);
}

/** The one that was asked for, else the first. Throws a Usage where the issuer does not take it. */
export function takenAuth(wanted: ConfidentialAuth | undefined, taken: readonly ConfidentialAuth[]): ConfidentialAuth {
  if (wanted !== undefined && taken.length > 0 && !taken.includes(wanted))
    throw new Usage(`--client-auth ${wanted} is none that the issuer takes (${taken.join(', ')} would be right)`);
  return wanted ?? taken[0] ?? 'basic';
}
