import type { CredentialStatus } from '../app/credential-status.ts';
import type { RouteStatus, WholeStatus } from '../app/status.ts';
import { loadConfig } from '../config/load.ts';
import { printable } from '../errors.ts';
import { askProxy, problemIn } from './admin-port.ts';
import { columns } from './columns.ts';
import { Complaint } from './complaint.ts';
import type { Process } from './process.ts';

export interface StatusWords {
  readonly config: string;
  readonly json?: boolean;
}

/** Milliseconds. */
const PATIENCE_MS = 10_000;

/** Tells how a running proxy is. */
export async function status({ config: file, json }: StatusWords, { env, stdout }: Process): Promise<void> {
  const config = await loadConfig(file, env);
  const answer = await askProxy(config, { method: 'GET', path: '/api/status', patienceMs: PATIENCE_MS });
  if (answer.status !== 200) throw new Complaint(`the proxy does not tell its status: ${problemIn(answer)}`);
  // What answers 200 there is the proxy.
  const told = answer.content as unknown as WholeStatus;
  stdout.write(json === true ? `${JSON.stringify(told, null, 2)}\n` : inWords(told));
}

function inWords({
  version,
  uptimeS,
  ready,
  reasons,
  notes,
  listen,
  inFlight,
  routes,
  credentials,
}: WholeStatus): string {
  const well = ready ? 'ready' : 'not ready';
  const lines = [
    `bearerway ${version}, up ${span(uptimeS)}, ${well}`,
    ...[...reasons, ...notes].map((each) => `  ${printable(each)}`),
    `${listen.join(' and ')}, ${inFlight} under way`,
  ];
  const failures = credentials.flatMap(({ name, failure }) =>
    failure === null
      ? []
      : [`${name}: ${printable(`${failure.code}: ${failure.detail}`)}; again in ${span(failure.retryInS)}`],
  );
  const tables = [routesTable(routes), credentials.length === 0 ? '' : credentialsTable(credentials)];
  return [`${lines.join('\n')}\n`, ...tables, failures.map((line) => `${line}\n`).join('')]
    .filter((part) => part !== '')
    .join('\n');
}

function routesTable(routes: readonly RouteStatus[]): string {
  const rows = routes.map(({ prefix, upstream, credential, requests, errors, p50Ms, p99Ms, perSecond }) => [
    prefix,
    upstream,
    credential ?? '-',
    `${requests}`,
    `${errors}`,
    `${perSecond.reduce((sum, second) => sum + second.requests, 0)}`,
    inMs(p50Ms),
    inMs(p99Ms),
  ]);
  return columns([['ROUTE', 'UPSTREAM', 'CREDENTIAL', 'REQUESTS', 'ERRORS', 'LAST MINUTE', 'P50', 'P99'], ...rows]);
}

function credentialsTable(credentials: readonly CredentialStatus[]): string {
  const rows = credentials.map(({ name, type, state, ageS, lifetimeS, refreshes, failures }) => [
    name,
    type,
    state,
    ageS === null ? '-' : span(ageS),
    lifetimeS === null || ageS === null ? '-' : span(Math.max(0, lifetimeS - ageS)),
    `${refreshes}`,
    `${failures}`,
  ]);
  return columns([['CREDENTIAL', 'TYPE', 'STATE', 'AGE', 'LEFT', 'REFRESHES', 'FAILURES'], ...rows]);
}

function inMs(ms: number | null): string {
  return ms === null ? '-' : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** Its two largest units. */
function span(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ] as const;
  const from = parts.findIndex(([amount]) => amount > 0);
  if (from === -1) return '0s';
  return parts
    .slice(from, from + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount}${unit}`)
    .join(' ');
}
