/** `check --live` on a console, and what answers it is given. */
import { generateKeyPairSync } from 'node:crypto';
import { runProgram } from '../../src/cli/program.ts';
import { ASCII_SECRET, CLIENT_ID, expectNoCanary } from '../support/canary.ts';
import type { TokenAnswer } from '../support/identity-provider.ts';
import { anywhere, configFile } from './command.ts';
import { Console } from './console.ts';

export type Keys = Readonly<Record<string, unknown>>;

/** What `check --live` says of credentials, and how it ends; never a secret. */
export async function checked(credentials: Readonly<Record<string, Keys>>, more: Keys = {}) {
  const console = new Console();
  const file = await configFile({ credentials, ...anywhere, ...more });
  const code = await runProgram(['check', '--live', '-c', file], console.process);
  expectNoCanary(console.stdout + console.stderr, 'the output');
  const [, ...lines] = console.stdout.trimEnd().split('\n');
  return { code, lines, stderr: console.stderr, file };
}

export const client = { clientId: CLIENT_ID, clientSecret: ASCII_SECRET };

export const error = (code: string, status = 400): TokenAnswer => ({ status, body: { error: code } });
/** By a server whose clock is wrong. */
export const wrongTime: TokenAnswer = {
  ...error('invalid_client', 401),
  headers: { date: 'Sat, 01 Jan 2000 00:00:00 GMT' },
};
const privateKey = String(
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
);

/** Keys of a client that signs. */
export const signing = { clientSecret: undefined, clientAuth: 'private_key_jwt', privateKey };
