/** A key file of a service account, as Google hands them out: who it is, and what it signs with. */
export interface ServiceAccount {
  readonly email: string;
  /** PEM. */
  readonly privateKey: string;
  readonly privateKeyId: string | undefined;
  /** Where it gets its tokens. */
  readonly tokenUri: string | undefined;
}

/** Throws an Error whose message says what the text is instead ("is …"), and repeats nothing of it. */
export function serviceAccount(text: string): ServiceAccount {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error('is not JSON (the key file of a service account would be right)');
  }
  const members = new Map(Object.entries(parsed ?? {}));
  const textOf = (name: string): string | undefined => {
    const value: unknown = members.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [email, privateKey] = [textOf('client_email'), textOf('private_key')];
  if (email === undefined || privateKey === undefined)
    throw new Error('is no key file of a service account (it lacks client_email or private_key)');
  return { email, privateKey, privateKeyId: textOf('private_key_id'), tokenUri: textOf('token_uri') };
}
