import { fileURLToPath } from 'node:url';
import { TokenAuthority } from '../auth/token-authority.ts';
import { Places } from '../http1/places.ts';
import { type Log, turnedAwayLog } from '../observe/log.ts';
import { Acceptor } from '../server/acceptor.ts';
import type { BoundListener } from '../server/bind.ts';
import { Crew, type CrewOptions } from '../server/crew.ts';
import { Crews } from '../server/crews.ts';
import { connectionsFor, mostOpenFiles } from '../server/open-files.ts';
import { startWorkerProcess } from '../server/worker-process.ts';
import type { ToWorker } from '../worker-messages.ts';
import { CrewWork } from './crew-work.ts';
import type { Generation, Lasting } from './generation.ts';
import { openTold, type Service, type ServiceContext } from './service.ts';
import type { WorkReport } from './work-report.ts';
import { workerConfig } from './worker-config.ts';

/** In `dist` all files stand side by side. */
const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../worker.ts' : 'worker.js', import.meta.url));

/**
 * This is the first process of several: it accepts connections, gets tokens, answers the admin port and writes the log.
 * Workers serve the requests. Each config has a crew of its own, so that nothing of one gets into the hands of another.
 */
export function crewed(size: number, context: ServiceContext): Service {
  // No request is served here.
  const lasting: Lasting = { ...context, observe: () => {} };
  const work = new CrewWork(context);
  const crews = new Crews();
  // Those that wait for a worker: it takes files to start one, too.
  const places = new Places(connectionsFor(mostOpenFiles()));
  const turnedAway = turnedAwayLog(context.log, context.clock);
  const open = openTold(lasting);
  return {
    work,
    async open(config, before) {
      const generation = await open(config, before);
      return withCrew(generation, crews, { ...lasting, size, work });
    },
    make: () => (options) => {
      const crew = crews.newest;
      return new Acceptor(options.at, (socket) => {
        if (places.take(socket)) {
          crews.take(socket, crew);
          return;
        }
        turnedAway();
        socket.destroy();
      });
    },
    unready: () => (crews.areReady ? [] : ['no worker is there']),
    ending: (taking) => [ending(taking, crews)],
  };
}

interface CrewContext extends Lasting {
  readonly size: number;
  readonly work: CrewWork;
}

/** A generation whose requests are served by workers. */
function withCrew(generation: Generation, crews: Crews, context: CrewContext): Generation {
  const { size, work, clock, log, env } = context;
  const authority = new TokenAuthority(
    [...generation.credentials.values()].map(({ source }) => source),
    (news) => crew.tell(news),
  );
  const { config, clientToken } = generation;
  const logLevel = context.logLevel ?? config.log.level;
  const start = (): ToWorker => {
    return { kind: 'start', config: workerConfig(config, clientToken()), logLevel, hopId: context.hopId };
  };
  const crew = new Crew({
    size,
    clock,
    start: (events) => startWorkerProcess({ entry, env, lines: (lines) => log.writeLines(lines) }, events),
    greeting: () => [start(), ...authority.news],
    heard(message, worker) {
      if (message.kind === 'ask' || message.kind === 'used') authority.hear(message, (news) => worker.tell(news));
      // It is a worker of ours that made it.
      if (message.kind === 'report') work.heard(message.report as WorkReport, worker, message.answers);
    },
    joined: (worker) => work.joined(worker),
    left(worker) {
      work.left(worker);
      log.debug({ pid: worker.pid }, 'a worker has ended');
    },
    ...workerLog(log),
  });
  crews.add(crew);
  let retired = Promise.resolve();
  return {
    ...generation,
    prepare: () => crew.start(),
    start() {
      generation.start();
      crews.use(crew);
    },
    retire(next) {
      generation.retire(next);
      retired = crews.retire(crew);
    },
    // Until then its workers may ask for tokens.
    finished: () => retired,
    async close() {
      await crews.drop(crew);
      authority.close();
      await generation.close();
    },
  };
}

/** Workers end what they have been given behind the last connection. */
function ending(taking: () => readonly BoundListener[], crews: Crews): BoundListener {
  const all = async (end: (listener: BoundListener) => Promise<void>): Promise<void> => {
    await Promise.all(taking().map(end));
  };
  return {
    drain: () => crews.drain(),
    takeWaiting: () => all((listener) => listener.takeWaiting()),
    async stop() {
      await all((listener) => listener.stop());
      await crews.stop();
    },
    cut: () => crews.cut(),
  };
}

/** Tells of workers that come and go. */
function workerLog(log: Log): Pick<CrewOptions, 'serves' | 'died'> {
  return {
    serves: ({ pid }) => log.debug({ pid }, 'a worker serves'),
    died({ pid, code, signal, reason }, replacedInMs) {
      const how = signal === null ? { code } : { signal };
      log.error({ pid, ...how, reason, replacedInS: replacedInMs / 1000 }, 'a worker died; it is replaced');
    },
  };
}
