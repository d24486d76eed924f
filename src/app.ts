/**
 * The composition root: a Config becomes one running proxy. With the parts in `app/`, the only place that knows every
 * part of the house.
 */
import { availableParallelism } from 'node:os';
import { adminPort } from './app/admin.ts';
import { Callers } from './app/callers.ts';
import { openCredential } from './app/credential.ts';
import { Generations } from './app/generations.ts';
import { Observation } from './app/observation.ts';
import { Ports } from './app/ports.ts';
import type { ReloadState } from './app/reload-state.ts';
import { alone, type Service, type ServiceContext } from './app/service.ts';
import { Succession } from './app/succession.ts';
import type { Surroundings } from './app/surroundings.ts';
import { memoryStore } from './auth/store/memory.ts';
import type { Config } from './config/schema.ts';
import { TokenTraffic } from './observe/token-traffic.ts';
import { ReplayMemory } from './proxy/body.ts';
import { InFlight } from './proxy/in-flight.ts';
import { drain } from './server/drain.ts';
import { Stop } from './stop.ts';

export interface App extends Pick<Ports, 'bound' | 'admin'> {
  readonly reloads: ReloadState;
  /** For who asks from within this process. */
  readonly callers: Pick<Callers, 'serve'>;
  /**
   * Serves by another config from now on; what is under way is finished by the one before. Rejects when something of it
   * cannot be had (a port, the file of a secret, a worker), or when the proxy is shutting down; all is as it was then.
   */
  reload(config: Config): Promise<void>;
  /** Ends without losing a request: not ready at once, then as the config's `shutdown` says. */
  stop(): Promise<void>;
}

/**
 * Rejects with the system's error when a port cannot be had, or when the file of the client token or of a key cannot be
 * read; with a WorkerError when a worker cannot be started.
 */
export async function startApp(config: Config, surroundings: Surroundings): Promise<App> {
  const { clock, newId } = surroundings;
  const replayMemory = new ReplayMemory(config.limits.replayMemory);
  const inFlight = new InFlight();
  const tokens = new TokenTraffic();
  const store = memoryStore();
  const lasting: ServiceContext = {
    ...{ ...surroundings, replayMemory, inFlight },
    hopId: newId(),
    openCredential: (name, given, ways) => openCredential(name, given, { ...surroundings, ...ways, store, tokens }),
  };
  const service = await serviceOf(config, lasting);
  const observation = new Observation({ clock, tokens, work: service.work });
  const generations = new Generations(await service.open(config));
  const stopping = new Stop();
  const health = {
    unready: () => [
      ...(stopping.aborted ? ['it is shutting down'] : []),
      ...service.unready(),
      ...generations.current.unready(),
    ],
    notes: () => generations.current.notes(),
  };
  const openAdmin = adminPort({ ...lasting, health, observation, generation: () => generations.current });
  const make = service.make(generations.handler);
  const ports = await Ports.open(config, { make, openAdmin }).catch(async (error) => {
    await generations.close();
    throw error;
  });
  const callers = new Callers(generations);
  generations.current.start();
  await generations.current.prepare().catch(async (error) => {
    await Promise.all(ports.listeners.map((listener) => listener.stop()));
    await generations.close();
    await ports.admin?.close();
    throw error;
  });
  const succession = new Succession({ lasting, open: service.open, generations, ports, stopping });
  return {
    get bound() {
      return ports.bound;
    },
    get admin() {
      return ports.admin;
    },
    reloads: observation.reloads,
    callers,
    reload: (next) => succession.reload(next),
    async stop() {
      stopping.abort();
      // For as long as it takes to listen elsewhere.
      if (succession.moving !== undefined) await succession.moving;
      const ending = [...service.ending(() => ports.listeners), callers];
      await drain(ending, { ...generations.current.config.shutdown, clock });
      await generations.close();
      await ports.admin?.close();
    },
  };
}

/** What several processes need is loaded where they are asked for. */
async function serviceOf({ workers }: Config, context: ServiceContext): Promise<Service> {
  const size = workers === 'auto' ? availableParallelism() : workers;
  return size === 1 ? alone(context) : (await import('./app/crewed.ts')).crewed(size, context);
}
