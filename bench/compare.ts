/** Takes turns at several programs, so that what the machine does besides meets them alike. */
import type { Program } from './processes.ts';
import type { Strike } from './strike.ts';

export interface Contender {
  readonly name: string;
  readonly program: Program;
  readonly port: number;
}

/** Medians of the rounds. `cpuUs`: of a request, of all its processes. */
export type Measures = Omit<Strike, 'count'> & { readonly cpuUs: number };

export interface Contest {
  readonly rounds: number;
  strike(port: number): Strike | Promise<Strike>;
  /** Before each strike, unmeasured. */
  settle?(port: number): void;
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

/** Who does not answer as it should is told of by the error, and has no measures. */
export type Outcome = Measures | Error;

export async function compare(contenders: readonly Contender[], contest: Contest): Promise<Map<string, Outcome>> {
  const runs = new Map<string, Measures[]>(contenders.map(({ name }) => [name, []]));
  const failed = new Map<string, Error>();
  for (let round = 0; round < contest.rounds; round += 1) {
    for (const { name, program, port } of contenders.filter((each) => !failed.has(each.name))) {
      try {
        contest.settle?.(port);
        const before = program.usage().cpuMs;
        const { count, ...figures } = await contest.strike(port);
        runs.get(name)?.push({ ...figures, cpuUs: ((program.usage().cpuMs - before) * 1000) / count });
      } catch (error) {
        failed.set(name, error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
  return new Map([...runs].map(([name, all]) => [name, failed.get(name) ?? medians(all)]));
}

function medians(all: readonly Measures[]): Measures {
  const of = (key: keyof Measures) => median(all.map((run) => run[key]));
  return { cpuUs: of('cpuUs'), rate: of('rate'), p50Us: of('p50Us'), p99Us: of('p99Us') };
}

/** A line each; ratios are those of the first one's CPU to the others'. */
export function told(title: string, outcomes: ReadonlyMap<string, Outcome>): string {
  const [first] = outcomes.values();
  const lines = [...outcomes].map(([name, outcome]) => {
    if (outcome instanceof Error) return `  ${name.padEnd(14)} failed: ${outcome.message.trim().split('\n').at(-1)}`;
    const { cpuUs, rate, p50Us, p99Us } = outcome;
    const figures = `${cpuUs.toFixed(1).padStart(7)} µs CPU ${rate.toFixed(0).padStart(7)}/s  p50 ${p50Us.toFixed(0)} µs  p99 ${p99Us.toFixed(0)} µs`;
    const beside =
      outcome === first || first === undefined || first instanceof Error
        ? ''
        : `  (the first one's CPU is ${(first.cpuUs / cpuUs).toFixed(2)} × this)`;
    return `  ${name.padEnd(14)} ${figures}${beside}`;
  });
  return `\n${title}\n${lines.join('\n')}\n`;
}
