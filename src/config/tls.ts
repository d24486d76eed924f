/** What is wrong with certificates and keys, found when the config is read rather than at the first connection. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Fault } from './scalars.ts';

/** PEM, once it is read; what could not be read is told already. */
export interface SpeltTls {
  readonly ca?: unknown;
  readonly cert?: unknown;
  readonly key?: unknown;
  readonly insecure?: unknown;
}

/** The same of a listener. */
export interface SpeltServerTls {
  readonly cert?: unknown;
  readonly key?: unknown;
  readonly clientCa?: unknown;
}

export function tlsRules({ ca, cert, key }: SpeltTls, fault: Fault): void {
  if ((cert === undefined) !== (key === undefined))
    fault(['tls'], 'has one of cert and key (both or none would be right)');
  authorityRule(ca, 'ca', fault);
  identityRules(cert, key, fault);
}

/** Of a listener, whose identity is what clients verify. */
export function serverTlsRules({ cert, key, clientCa }: SpeltServerTls, fault: Fault): void {
  if ((cert === undefined) !== (key === undefined)) fault(['tls'], 'has one of cert and key (both would be right)');
  if (cert === undefined && key === undefined && clientCa !== undefined)
    fault(['tls', 'clientCa'], 'needs cert and key beside it (clients prove who they are over TLS only)');
  authorityRule(clientCa, 'clientCa', fault);
  identityRules(cert, key, fault);
}

function authorityRule(ca: unknown, name: string, fault: Fault): void {
  if (isPem(ca) && !holds(() => new X509Certificate(ca) && createSecureContext({ ca })))
    fault(['tls', name], 'is no certificate in PEM');
}

function identityRules(cert: unknown, key: unknown, fault: Fault): void {
  if (!isPem(cert) || !isPem(key)) return;
  if (!holds(() => createSecureContext({ cert }))) fault(['tls', 'cert'], 'is no certificate in PEM');
  else if (!holds(() => createSecureContext({ key })))
    fault(['tls', 'key'], 'is no private key in PEM, or one with a passphrase');
  else if (!holds(() => createSecureContext({ cert, key }))) fault(['tls', 'key'], 'is not the key of cert');
}

function isPem(value: unknown): value is string {
  return typeof value === 'string' && value.includes('-----BEGIN ');
}

function holds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
