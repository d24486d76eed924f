/** What the README shows of a run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from './compare.ts';
import { type Measured, verdicts } from './goals.ts';

const readme = join(import.meta.dirname, '..', 'README.md');
const [begin, end] = ['<!-- bench -->', '<!-- /bench -->'];

/** CPU time and rate of each load and peer, then what was to be reached, in Markdown. */
export function table(measured: Measured, outcomes: ReadonlyMap<string, ReadonlyMap<string, Outcome>>): string {
  const names = Object.keys(measured.peers);
  const rows = [...outcomes].map(([load, byPeer]) => [load, ...names.map((name) => cell(byPeer.get(name)))]);
  const memory = Object.values(measured.peers).map(({ restMiB }) => `${restMiB.toFixed(0)} MiB`);
  const lines = [['', ...names], names.map(() => '---').concat('---'), ...rows, ['memory at rest', ...memory]];
  return [
    `${machine()}, ${new Date().toISOString().slice(0, 10)}. CPU time of a request (of all processes of a peer), and requests a second on one core:`,
    '',
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    '```',
    verdicts(measured).trimEnd(),
    '```',
    '',
  ].join('\n');
}

function cell(outcome: Outcome | undefined): string {
  if (outcome === undefined) return '';
  if (outcome instanceof Error) return 'failed';
  const digits = outcome.cpuUs < 100 ? 1 : 0;
  return `${outcome.cpuUs.toFixed(digits)} µs, ${outcome.rate.toFixed(0)}/s`;
}

function machine(): string {
  const [cpu] = cpus();
  const memory = `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`;
  return `${cpu?.model.trim() ?? 'a machine'}, ${cpus().length} cores, ${memory}, Linux ${release()}, Node.js ${process.versions.node}`;
}

/** In the place of what the last run left there. */
export function intoReadme(text: string): void {
  const before = readFileSync(readme, 'utf8');
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`the README has no place for it between ${begin} and ${end}`);
  writeFileSync(readme, `${before.slice(0, from + begin.length)}\n${text}${before.slice(to)}`);
}
