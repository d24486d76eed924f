/** What a request costs where there are many routes, many credentials, or both are few: one program for each, in turn. */
import { join } from 'node:path';
import { type Contender, compare, type Outcome } from './compare.ts';
import { startBearerway } from './peers.ts';
import { freePort, listens, type Program } from './processes.ts';
import { loads, strike } from './strike.ts';

export interface GrowthOptions {
  readonly folder: string;
  readonly target: string;
  readonly tokenUrl: string;
  readonly rounds: number;
  readonly seconds: number;
  /** Before all that. */
  readonly warmSeconds: number;
}

const many = <T>(count: number, make: (number: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** The route that is asked for is the last one, with the last credential. */
const shapes: Readonly<Record<string, { readonly routes: number; readonly credentials: number }>> = {
  '1 route': { routes: 1, credentials: 1 },
  '10,000 routes': { routes: 10_000, credentials: 1 },
  '1,000 credentials': { routes: 1000, credentials: 1000 },
};

export async function growth(options: GrowthOptions): Promise<Map<string, Outcome>> {
  const started: Program[] = [];
  try {
    const contenders: Contender[] = [];
    for (const [name, shape] of Object.entries(shapes)) contenders.push(await contender(name, shape, options, started));
    for (const { port } of contenders) strike(port, loads.many, options.warmSeconds);
    return await compare(contenders, {
      rounds: options.rounds,
      strike: (port) => strike(port, loads.many, options.seconds),
      settle: (port) => void strike(port, loads.many, 1),
    });
  } finally {
    await Promise.all(started.map((program) => program.stop()));
  }
}

async function contender(
  name: string,
  { routes, credentials }: { readonly routes: number; readonly credentials: number },
  { folder, target, tokenUrl }: GrowthOptions,
  started: Program[],
): Promise<Contender> {
  const port = await freePort();
  const credential = { tokenUrl, clientId: 'bench', clientSecret: 'bench' };
  const program = startBearerway(join(folder, `growth-${port}.yaml`), {
    listen: { port },
    credentials: Object.fromEntries(many(credentials, (i) => [`c${i}`, credential])),
    routes: many(routes, (i) => ({
      prefix: i === routes - 1 ? '/api' : `/team-${i % 100}/service-${i}`,
      upstream: target,
      credential: `c${i % credentials}`,
    })),
  });
  started.push(program);
  program.mute();
  await listens(port);
  return { name, program, port };
}
