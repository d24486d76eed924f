import { type AskingWords, adminPlace } from './admin-place.ts';
import { askStatus, toldIn } from './admin-port.ts';
import { columns } from './columns.ts';
import type { Process } from './process.ts';
import { type ToldCredential, type ToldRoute, type ToldStatus, toldStatus } from './told-status.ts';

export interface StatusWords extends AskingWords {
  readonly json?: boolean;
}

/** Tells how a running proxy is. */
export async function status({ json, ...words }: StatusWords, process: Process): Promise<void> {
  const answer = await askStatus(await adminPlace(words, process));
  const told = toldIn(answer, toldStatus);
  process.stdout.write(json === true ? `${inJson(answer.content)}\n` : inWords(told));
}

/** JSON escapes control characters but for DEL and C1, which steer terminals too. */
function inJson(content: object): string {
  return JSON.stringify(content, null, 2).replace(/[^\P{Cc}\n]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
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
  reload,
}: ToldStatus): string {
  const well = ready ? 'ready' : 'not ready';
  const lines = [
    `bearerway ${version}, up ${span(uptimeS)}, ${well}`,
    ...[...reasons, ...notes].map((each) => `  ${each}`),
    ...(reload === null || reload.ok ? [] : notReloaded(reload)),
    `${listen.join(' and ')}, ${inFlight} under way`,
  ];
  const failures = credentials.flatMap(({ name, failure }) =>
    failure === null ? [] : [`${name}: ${failure.code}: ${failure.detail}; again in ${span(failure.retryInS)}`],
  );
  const tables = [routesTable(routes), credentials.length === 0 ? '' : credentialsTable(credentials)];
  return [`${lines.join('\n')}\n`, ...tables, failures.map((line) => `${line}\n`).join('')]
    .filter((part) => part !== '')
    .join('\n');
}

function notReloaded({ at, error }: Pick<NonNullable<ToldStatus['reload']>, 'at' | 'error'>): string[] {
  const why = (error ?? []).map((line) => `  ${line}`);
  return [`a changed configuration was not taken over (${at}); the one before is in use:`, ...why];
}

function routesTable(routes: readonly ToldRoute[]): string {
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

function credentialsTable(credentials: readonly ToldCredential[]): string {
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
