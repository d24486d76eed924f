/** One token for each credential, all at once; and of each that fails what is the cause, and what to change. */
import type { Token } from '../auth/token.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { Failure } from '../errors.ts';
import { Complaint } from './complaint.ts';
import { signs, skewInWords, skewMsOf } from './diagnosis/clock.ts';
import { diagnose } from './diagnosis/diagnosis.ts';
import type { GrantConfig } from './diagnosis/symptoms.ts';
import { clientAuthOf, describeIssuer } from './issuer.ts';
import { type Paint, paintOn } from './paint.ts';
import type { Process } from './process.ts';
import { waitingFor } from './progress.ts';
import { type Attempt, TokenAttempts } from './token-attempt.ts';

/** Rejects with a Complaint if a credential gets no token, or the token store is away. */
export async function liveCheck(config: Config, process: Process): Promise<void> {
  const { stdout, env } = process;
  const paint = paintOn(stdout, env);
  const attempts = await TokenAttempts.open(config, env);
  try {
    const names = Object.keys(config.credentials);
    const work = Promise.all([attempts.store(), ...names.map((name) => reportOn(name, attempts, paint))]);
    const what = names.length === 1 ? `getting a token for ${names[0]}` : `getting ${names.length} tokens`;
    const [trouble, ...reports] = await waitingFor(work, what, { ...process, clock: systemClock });
    const lines = reports.flatMap((report) => report.lines);
    if (trouble !== undefined) lines.push(`${paint('red', 'token store')}: ${trouble}`);
    for (const line of lines) stdout.write(`${line}\n`);
    const failed = reports.filter(({ ok }) => !ok).length;
    if (failed > 0)
      throw new Complaint(
        `${failed} of ${names.length} credentials got no token: change what is said above, and check again`,
      );
    if (trouble !== undefined) throw new Complaint('the token store cannot be used: look at tokenStore.redis');
  } finally {
    await attempts.close();
  }
}

interface Report {
  readonly ok: boolean;
  readonly lines: readonly string[];
}

async function reportOn(name: string, attempts: TokenAttempts, paint: Paint): Promise<Report> {
  const attempt = await attempts.get(name, { anew: true });
  const { options, outcome, heard } = attempt;
  if (outcome instanceof Failure) {
    const authMethods = await authMethodsFor(attempt, attempts);
    const { cause, remedy } = diagnose({ options, failure: outcome, heard, authMethods });
    return { ok: false, lines: [`${paint('red', name)}: ${cause}`, `  ${paint('bold', 'try')}: ${remedy}`] };
  }
  return {
    ok: true,
    lines: [
      `${paint('green', name)}: ${gotten(options.type, outcome)}`,
      ...notesOn(attempt).map((note) => `  note: ${note}`),
    ],
  };
}

function gotten(type: string, { lifetimeMs }: Token): string {
  const isGiven = type === 'static' || type === 'api_key' || type === 'basic';
  if (isGiven) return 'is given; whether it is right only a call to the API can tell';
  return `got a token${Number.isFinite(lifetimeMs) ? `, which lives ${Math.round(lifetimeMs / 1000)} s` : ''}`;
}

function notesOn({ options, heard, notes }: Attempt): string[] {
  const skewMs = heard !== undefined && 'clientAuth' in options && signs(options) ? skewMsOf(heard) : undefined;
  return skewMs === undefined
    ? [...notes]
    : [...notes, `${skewInWords(skewMs)}; what is signed here may soon be refused`];
}

/** What the issuer says of it, if that is of use: where it does not know us, and the config names it. */
async function authMethodsFor(
  { options, heard }: Attempt,
  { egress }: TokenAttempts,
): Promise<readonly string[] | undefined> {
  if (!isFound(options) || heard === undefined || (heard.status !== 400 && heard.status !== 401)) return undefined;
  const { issuer, tls } = options;
  return await describeIssuer({ issuer, tls, egress }).then(clientAuthOf, () => undefined);
}

function isFound(options: Attempt['options']): options is GrantConfig & { readonly issuer: string } {
  return 'issuer' in options && options.issuer !== undefined;
}
