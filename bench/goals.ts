/** What is to be reached, beside what was measured. */
import { median, type Outcome } from './compare.ts';
import type { Peer } from './peers.ts';
import { type Load, loads } from './strike.ts';

type Name = Peer['name'];

/** Of one peer. */
export interface Figures {
  /** By the name of a load. */
  readonly of: (load: string) => Outcome | undefined;
  readonly restMiB: number;
  readonly idleKiB: number;
  readonly downSeconds: number;
  readonly upSeconds: number;
  readonly downMiB: number;
  readonly upMiB: number;
}

export interface Measured {
  /** What was not measured is not there. */
  readonly peers: Readonly<Partial<Record<Name, Figures>>>;
  /** By the shape of the config, for each set of processes. */
  readonly growth: readonly ReadonlyMap<string, Outcome>[];
  readonly startMs: number;
  /** At one connection, without a proxy. */
  readonly directP50Us: number;
}

interface Goal {
  readonly name: string;
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Undefined: it was not measured, or cannot be told without that peer. */
  value(measured: Measured): number | undefined;
  /** The same of nginx with Lua: how much of it a proxy can reach on this machine. */
  ofNginx?(measured: Measured): number | undefined;
}

type Figure = (figures: Figures) => number | undefined;

const ratio =
  (peer: Name, figure: Figure) =>
  ({ peers }: Measured) => {
    const [own, other] = [peers.bearerway, peers[peer]].map((figures) => figures && figure(figures));
    return own === undefined || other === undefined ? undefined : own / other;
  };
const own =
  (figure: Figure) =>
  ({ peers }: Measured) =>
    peers.bearerway && figure(peers.bearerway);

/** What ours are to a peer's, in the same rounds. */
const toPeer =
  (peer: Name, load: Load, key: 'cpuUs' | 'p50Us') =>
  ({ peers }: Measured) => {
    const [own, other] = [peers.bearerway, peers[peer]].map((figures) => figures?.of(load.name));
    return own === undefined || own instanceof Error || other === undefined || other instanceof Error
      ? undefined
      : other.toFirst[key];
  };

/** What nginx' are to a peer's. */
const nginxTo =
  (peer: Name, load: Load, key: 'cpuUs' | 'p50Us') =>
  ({ peers }: Measured) => {
    const [nginx, other] = [peers['nginx+lua'], peers[peer]].map((figures) => figures?.of(load.name));
    return nginx === undefined || nginx instanceof Error || other === undefined || other instanceof Error
      ? undefined
      : nginx[key] / other[key];
  };

/** The median of the sets. */
function cost(shape: string, { growth }: Measured): number | undefined {
  const costs = growth.flatMap((set) => {
    const many = set.get(shape);
    return many === undefined || many instanceof Error ? [] : [(1 / many.toFirst.cpuUs - 1) * 100];
  });
  return costs.length === 0 ? undefined : median(costs);
}

function addedMs({ peers, directP50Us }: Measured): number | undefined {
  const outcome = peers.bearerway?.of(loads.one.name);
  return outcome === undefined || outcome instanceof Error ? undefined : (outcome.p50Us - directP50Us) / 1000;
}

const goals: readonly Goal[] = [
  {
    name: 'CPU, 64 connections, to nginx+lua',
    unit: '×',
    atMost: 1.3,
    value: toPeer('nginx+lua', loads.many, 'cpuUs'),
  },
  {
    name: 'CPU, 64 connections, to http-proxy',
    unit: '×',
    atMost: 0.3,
    value: toPeer('http-proxy', loads.many, 'cpuUs'),
    ofNginx: nginxTo('http-proxy', loads.many, 'cpuUs'),
  },
  {
    name: 'CPU, 64 connections, to fastify',
    unit: '×',
    atMost: 0.3,
    value: toPeer('fastify', loads.many, 'cpuUs'),
    ofNginx: nginxTo('fastify', loads.many, 'cpuUs'),
  },
  { name: 'CPU, TLS to the API, to nginx+lua', unit: '×', atMost: 1.5, value: toPeer('nginx+lua', loads.tls, 'cpuUs') },
  { name: 'CPU, 13 fields, to nginx+lua', unit: '×', atMost: 1.5, value: toPeer('nginx+lua', loads.fields, 'cpuUs') },
  {
    name: 'p50 at 1 connection, to nginx+lua',
    unit: '×',
    atMost: 1.15,
    value: toPeer('nginx+lua', loads.one, 'p50Us'),
  },
  { name: 'p50 at 1 connection, added', unit: 'ms', atMost: 0.1, value: addedMs },
  { name: 'start to the first answer', unit: 'ms', atMost: 400, value: ({ startMs }) => startMs },
  { name: 'cost of 10,000 routes', unit: '%', atMost: 2, value: (all) => cost('10,000 routes', all) },
  { name: 'cost of 1,000 credentials', unit: '%', atMost: 2, value: (all) => cost('1,000 credentials', all) },
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
  const lines = goals.map(({ name, unit, atMost, atLeast, value, ofNginx }) => {
    const found = value(measured);
    const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
    const reached = found !== undefined && found <= (atMost ?? Infinity) && found >= (atLeast ?? -Infinity);
    const told = found === undefined ? 'not measured' : `${found.toFixed(2)} ${unit}`;
    const verdict = found === undefined ? '' : reached ? 'reached' : 'missed';
    const nginx = ofNginx?.(measured);
    const beside = nginx === undefined ? '' : ` (nginx+lua: ${nginx.toFixed(2)})`;
    return `  ${name.padEnd(40)} ${told.padStart(13)}   goal ${`${bound} ${unit}`.padEnd(10)} ${verdict}${beside}`.trimEnd();
  });
  return `${lines.join('\n')}\n`;
}
