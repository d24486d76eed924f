/** What is to be reached, beside what was measured. */
import type { Peer } from './peers.ts';

type Name = Peer['name'];

/** Of one peer; medians. What was not measured is not there. */
export interface Figures {
  /** CPU of a request, by the name of the load. Microseconds. */
  readonly cpuUs: Readonly<Record<string, number>>;
  readonly p50Us: Readonly<Record<string, number>>;
  readonly restMiB: number;
  readonly idleKiB: number;
  readonly downSeconds: number;
  readonly upSeconds: number;
  readonly downMiB: number;
  readonly upMiB: number;
}

export type Measured = Readonly<Partial<Record<Name, Figures>>>;

interface Goal {
  readonly name: string;
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Undefined: it cannot be told without that peer. */
  value(measured: Measured): number | undefined;
}

const ratio = (peer: Name, figure: (figures: Figures) => number | undefined) => (measured: Measured) => {
  const [own, other] = [measured.bearerway, measured[peer]].map((figures) => figures && figure(figures));
  return own === undefined || other === undefined ? undefined : own / other;
};
const own = (figure: (figures: Figures) => number) => (measured: Measured) =>
  measured.bearerway && figure(measured.bearerway);

const goals: readonly Goal[] = [
  {
    name: 'CPU, 64 connections, to nginx+lua',
    unit: '×',
    atMost: 1.35,
    value: ratio('nginx+lua', (f) => f.cpuUs['many']),
  },
  {
    name: 'CPU, 64 connections, to http-proxy',
    unit: '×',
    atMost: 0.35,
    value: ratio('http-proxy', (f) => f.cpuUs['many']),
  },
  {
    name: 'CPU, TLS to the API, to nginx+lua',
    unit: '×',
    atMost: 1.5,
    value: ratio('nginx+lua', (f) => f.cpuUs['tls']),
  },
  { name: 'CPU, 13 fields, to nginx+lua', unit: '×', atMost: 1.5, value: ratio('nginx+lua', (f) => f.cpuUs['fields']) },
  {
    name: 'p50 at 1 connection, to nginx+lua',
    unit: '×',
    atMost: 1.15,
    value: ratio('nginx+lua', (f) => f.p50Us['one']),
  },
  { name: 'memory at rest', unit: 'MiB', atMost: 70, value: own((f) => f.restMiB) },
  { name: 'memory of an idle connection', unit: 'KiB', atMost: 20, value: own((f) => f.idleKiB) },
  { name: '100 MiB down, memory on top', unit: 'MiB', atMost: 16, value: own((f) => f.downMiB) },
  { name: '100 MiB up, memory on top', unit: 'MiB', atMost: 16, value: own((f) => f.upMiB) },
  // The inverse of the times.
  {
    name: '100 MiB down, throughput to http-proxy',
    unit: '×',
    atLeast: 1,
    value: ratio('http-proxy', (f) => 1 / f.downSeconds),
  },
  {
    name: '100 MiB up, throughput to http-proxy',
    unit: '×',
    atLeast: 1,
    value: ratio('http-proxy', (f) => 1 / f.upSeconds),
  },
];

/** A line a goal. */
export function verdicts(measured: Measured): string {
  const lines = goals.map(({ name, unit, atMost, atLeast, value }) => {
    const found = value(measured);
    const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
    const reached = found !== undefined && found <= (atMost ?? Infinity) && found >= (atLeast ?? -Infinity);
    const told = found === undefined ? 'not measured' : `${found.toFixed(2)} ${unit}`;
    const verdict = found === undefined ? '' : reached ? 'reached' : 'missed';
    return `  ${name.padEnd(40)} ${told.padStart(13)}   goal ${`${bound} ${unit}`.padEnd(10)} ${verdict}`.trimEnd();
  });
  return `${lines.join('\n')}\n`;
}
