import { injection } from '../auth/injection.ts';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config/load.ts';
import { nearest } from '../config/nearest.ts';
import type { Config, CredentialConfig } from '../config/schema.ts';
import { Failure } from '../errors.ts';
import { Fields } from '../fields.ts';
import { Complaint, Usage } from './complaint.ts';
import { diagnose } from './diagnosis/diagnosis.ts';
import type { Process } from './process.ts';
import { waitingFor } from './progress.ts';
import { TokenAttempts } from './token-attempt.ts';

export interface TokenWords {
  readonly config: string;
  /** The whole header line instead. */
  readonly header?: boolean;
}

/** Prints a current access token and nothing else: from the shared store, or the endpoint itself. */
export async function token(name: string, { config: file, header }: TokenWords, process: Process): Promise<void> {
  const { env, stdout, stderr } = process;
  const config = await loadConfig(file, env);
  const options = chosen(name, config, file);
  const { parameter, inject } = injection(options.inject);
  if (header === true && parameter !== undefined)
    throw new Usage(
      `the token of ${name} goes into the query parameter ${parameter} (leave --header out for the token alone)`,
    );
  const attempts = await TokenAttempts.open(config, env);
  try {
    const work = attempts.get(name, { anew: false });
    const { outcome, heard, notes } = await waitingFor(work, `getting a token for ${name}`, {
      ...process,
      clock: systemClock,
    });
    if (outcome instanceof Failure) {
      const { cause, remedy } = diagnose({ options, failure: outcome, heard });
      throw new Complaint(`no token for ${name}: ${cause}\n  try: ${remedy}`);
    }
    for (const note of notes) stderr.write(`bearerway: ${note}\n`);
    const request = { method: 'GET', target: '/', fields: Fields.none, body: undefined };
    const line = header === true ? inject(request, outcome).fields.lines.join(': ') : outcome.value.reveal();
    stdout.write(`${line}\n`);
  } finally {
    await attempts.close();
  }
}

/** Refuses what would take the token away from the proxy that runs. */
function chosen(name: string, { credentials, tokenStore }: Config, file: string): CredentialConfig {
  const options = Object.hasOwn(credentials, name) ? credentials[name] : undefined;
  if (options === undefined) {
    const known = Object.keys(credentials);
    throw new Usage(
      known.length === 0
        ? `${file} has no credentials`
        : `there is no credential "${name}" in ${file}${nearest(name, known)}`,
    );
  }
  if (options.type === 'refresh_token' && tokenStore === 'memory')
    throw new Complaint(
      `the refresh token of ${name} may rotate, and its access token is in the memory of the proxy that runs: send the request through that, or let both share their tokens (tokenStore.redis)`,
    );
  return options;
}
