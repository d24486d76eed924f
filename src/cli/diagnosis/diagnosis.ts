import type { CredentialConfig } from '../../config/schema.ts';
import { type Failure, reason } from '../../errors.ts';
import { aboutAnswer } from './answer.ts';
import { aboutConnection } from './connection.ts';
import { aboutRefusal } from './refusal.ts';
import type { Diagnosis, Symptoms } from './symptoms.ts';

export function diagnose(symptoms: Symptoms): Diagnosis {
  const { options, failure, heard } = symptoms;
  if (!('clientAuth' in options)) return aboutGiven(options, failure);
  if (/cannot be (read|used|kept)$/.test(failure.detail)) return aboutSecret(failure);
  if (heard === undefined) return aboutConnection(options, failure);
  return heard.status >= 200 && heard.status < 400 && failure.code !== 'token_refused'
    ? aboutAnswer(options, failure, heard)
    : aboutRefusal({ ...symptoms, options, heard });
}

/** What is shown for a token: a file, or the place of a refresh token. */
function aboutSecret(failure: Failure): Diagnosis {
  return {
    cause: reason(failure),
    remedy: failure.detail.endsWith('kept')
      ? 'make the folder of refreshTokenFile one that can be written to, or the token store one that answers'
      : 'see that what the configuration names is there, can be read by this user, and holds the secret alone',
  };
}

/** One that no token endpoint is asked for. */
function aboutGiven({ type }: CredentialConfig, failure: Failure): Diagnosis {
  const remedies: Readonly<Record<string, string>> = {
    command:
      'run the program by hand, in the folder of the configuration: it should print the token alone, in one line',
    file: 'see that whoever keeps the token fresh runs, and that path is the file it writes',
  };
  return {
    cause: reason(failure),
    remedy: remedies[type] ?? 'see that the file that the configuration names is there, and holds the secret alone',
  };
}
