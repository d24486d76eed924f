import { fileURLToPath } from 'node:url';
import { memoryStore } from '../auth/store/memory.ts';
import { TokenAuthority } from '../auth/token-authority.ts';
import type { Config } from '../config/schema.ts';
import type { Log, LogOptions } from '../observe/log.ts';
import { Acceptor } from '../server/acceptor.ts';
import { Crew, type CrewOptions } from '../server/crew.ts';
import { drain } from '../server/drain.ts';
import { startWorkerProcess } from '../server/worker-process.ts';
import type { ToWorker } from '../worker-messages.ts';
import { openCredentials } from './credentials.ts';
import { egressLog, openEgress } from './egress.ts';
import { openBoth, type Ports } from './ports.ts';
import type { Surroundings } from './surroundings.ts';

/** In `dist` all files stand side by side. */
const entry = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../worker.ts' : 'worker.js', import.meta.url));

/**
 * The first process of several: it accepts connections, gets tokens, answers the admin port and writes the log; its
 * workers serve the requests.
 */
export async function startFirstProcess(config: Config, size: number, surroundings: Surroundings) {
  const { clock, log, newId, env } = surroundings;
  const egress = openEgress(config);
  egressLog(config, log);
  const credentials = await openCredentials(config, { ...surroundings, egress, store: memoryStore() });
  const authority = new TokenAuthority(
    credentials.all.map(({ source }) => source),
    (news) => crew.tell(news),
  );
  const start: ToWorker = {
    kind: 'start',
    config: { file: config.source.file, text: config.source.text.reveal() },
    // It was opened with one of these words.
    logLevel: log.level as LogOptions['level'],
    hopId: newId(),
  };
  const crew = new Crew({
    size,
    clock,
    start: (events) => startWorkerProcess({ entry, env, lines: (lines) => log.writeLines(lines) }, events),
    greeting: () => [start, ...authority.news],
    heard(message, worker) {
      if (message.kind === 'ask' || message.kind === 'used') authority.hear(message, (news) => worker.tell(news));
    },
    ...workerLog(log),
  });
  let stopping = false;
  const ports: Ports = await openBoth((at) => new Acceptor(at, (socket) => crew.take(socket)), {
    config,
    clock,
    log,
    unready: () => [
      ...(stopping ? ['it is shutting down'] : []),
      ...(crew.ready === 0 ? ['no worker is there'] : []),
      ...credentials.unready(),
    ],
    notes: () => credentials.notes(),
  }).catch(async (error) => {
    await credentials.close();
    throw error;
  });
  const { bound, admin } = ports;
  const close = async (): Promise<void> => {
    await credentials.close();
    await admin?.close();
  };
  credentials.start();
  await crew.start().catch(async (error) => {
    await Promise.all(bound.listeners.map((listener) => listener.stop()));
    await close();
    throw error;
  });
  return {
    ...ports,
    async stop() {
      stopping = true;
      const stopAccepting = () => Promise.all(bound.listeners.map((listener) => listener.stop()));
      const all = {
        drain: () => crew.drain(),
        stop: () => stopAccepting().then(() => crew.stop()),
        cut: () => crew.cut(),
      };
      await drain([all], { ...config.shutdown, clock });
      await close();
    },
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
