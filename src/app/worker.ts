import { injection } from '../auth/injection.ts';
import type { RemoteTokens } from '../auth/remote-source.ts';
import type { Listener } from '../http1/server.ts';
import { ReplayMemory } from '../proxy/body.ts';
import { InFlight } from '../proxy/in-flight.ts';
import type { Credential, OpenCredential } from './credential.ts';
import { openGeneration } from './generation.ts';
import { listeners } from './listener.ts';
import type { ServedConfig } from './parts.ts';
import type { Surroundings } from './surroundings.ts';
import { OwnWork } from './work.ts';

export interface WorkerContext extends Surroundings {
  /** That of the first process in `Bearerway-Hop`. */
  readonly hopId: string;
  /** Of the first process. */
  readonly tokens: RemoteTokens;
}

/** The data path alone, by one config, for connections that another process accepts. */
export interface WorkerApp {
  /** Listens nowhere: connections are given to it. */
  readonly listener: Listener;
  readonly work: OwnWork;
  /** Breaks off whatever is under way. */
  close(): Promise<void>;
}

/** Rejects when the file of the client token cannot be read. */
export async function openWorker(config: ServedConfig, context: WorkerContext): Promise<WorkerApp> {
  const { clock, log, tokens } = context;
  const { listen, limits } = config;
  const replayMemory = new ReplayMemory(limits.replayMemory);
  const inFlight = new InFlight();
  const work = new OwnWork({ clock, log, inFlight, replayMemory });
  const generation = await openGeneration<Credential, ServedConfig>(config, {
    ...context,
    replayMemory,
    inFlight,
    observe: work.observe,
    openCredential: remoteCredential(tokens),
  });
  const { tls, socket, host, port } = listen;
  try {
    const listener = listeners(generation.handler, context)({ at: socket ?? { host, port }, tls, limits });
    return { listener, work, close: () => generation.close() };
  } catch (error) {
    await generation.close();
    throw error;
  }
}

/** Looked after by another process, which is the one that is asked whether it is well. */
function remoteCredential(tokens: RemoteTokens): OpenCredential<Credential> {
  return async (name, given) => {
    const source = tokens.source(name);
    return {
      given,
      source,
      injection: injection(given.inject),
      start() {},
      tried: Promise.resolve(undefined),
      rest() {},
      hasToken: () => source.current() !== undefined,
      unready: () => [],
      async close() {},
    };
  };
}
