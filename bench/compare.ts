/** Takes turns at several programs, so that what the machine does besides meets them alike. */
import type { Program } from './processes.ts';
import type { Strike } from './strike.ts';

export interface Contender {
  readonly name: string;
  readonly program: Program;
  readonly port: number;
}

/** `cpuUs`: of a request, of all its processes. */
type Run = Omit<Strike, 'count'> & { readonly cpuUs: number };

/**
 * Medians of the rounds. `toFirst`: of how many times its own the first one's figures were in the same round; what the
 * machine does besides changes from round to round, and meets both of one alike.
 */
export type Measures = Run & { readonly toFirst: Readonly<Record<'cpuUs' | 'p50Us', number>> };

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
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
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
  const [first = []] = runs.values();
  return new Map([...runs].map(([name, all]) => [name, failed.get(name) ?? medians(all, first)]));
}

/** Several contests of the same contenders as one: the medians of their figures. */
export function together(contests: readonly ReadonlyMap<string, Outcome>[]): Map<string, Outcome> {
  const names = [...(contests[0]?.keys() ?? [])];
  return new Map(names.map((name) => [name, middle(contests.flatMap((contest) => contest.get(name) ?? []))]));
}

function middle(outcomes: readonly Outcome[]): Outcome {
  const failed = outcomes.find((outcome) => outcome instanceof Error);
  if (failed !== undefined) return failed;
  const measured = outcomes.filter((outcome): outcome is Measures => !(outcome instanceof Error));
  const of = (figure: (measures: Measures) => number) => median(measured.map(figure));
  return {
    ...{ cpuUs: of((m) => m.cpuUs), rate: of((m) => m.rate), p50Us: of((m) => m.p50Us), p99Us: of((m) => m.p99Us) },
    toFirst: { cpuUs: of((m) => m.toFirst.cpuUs), p50Us: of((m) => m.toFirst.p50Us) },
  };
}

function medians(all: readonly Run[], first: readonly Run[]): Measures {
  const of = (key: keyof Run) => median(all.map((run) => run[key]));
  const toFirst = (key: keyof Run) => median(all.map((run, round) => (first[round]?.[key] ?? Number.NaN) / run[key]));
  return {
    ...{ cpuUs: of('cpuUs'), rate: of('rate'), p50Us: of('p50Us'), p99Us: of('p99Us') },
    toFirst: { cpuUs: toFirst('cpuUs'), p50Us: toFirst('p50Us') },
  };
}

/** A line each; ratios are those of the first one's CPU to the others'. */
export function told(title: string, outcomes: ReadonlyMap<string, Outcome>): string {
  const [first] = outcomes.values();
  const lines = [...outcomes].map(([name, outcome]) => {
    if (outcome instanceof Error) return `  ${name.padEnd(14)} failed: ${outcome.message.trim().split('\n').at(-1)}`;
    const { cpuUs, rate, p50Us, p99Us, toFirst } = outcome;
    const figures = `${cpuUs.toFixed(1).padStart(7)} µs CPU ${rate.toFixed(0).padStart(7)}/s  p50 ${p50Us.toFixed(0)} µs  p99 ${p99Us.toFixed(0)} µs`;
    const beside =
      outcome === first || first === undefined || first instanceof Error
        ? ''
        : `  (the first one's CPU is ${toFirst.cpuUs.toFixed(2)} × this)`;
    return `  ${name.padEnd(14)} ${figures}${beside}`;
  });
  return `\n${title}\n${lines.join('\n')}\n`;
}
