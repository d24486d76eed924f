/**
 * The composition root: a Config becomes one running proxy. With the parts in `app/`, the only place that knows every
 * part of the house.
 */
import { adminPort } from './app/admin.ts';
import { Callers } from './app/callers.ts';
import { type Lasting, openGeneration } from './app/generation.ts';
import { Generations } from './app/generations.ts';
import { Observation } from './app/observation.ts';
import { Ports } from './app/ports.ts';
import type { ReloadState } from './app/reload-state.ts';
import { Succession } from './app/succession.ts';
import type { Surroundings } from './app/surroundings.ts';
import { memoryStore } from './auth/store/memory.ts';
import type { Config } from './config/schema.ts';
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
   * cannot be had (a port, the file of a secret), or when the proxy is shutting down; all is as it was then.
   */
  reload(config: Config): Promise<void>;
  /** Ends without losing a request: not ready at once, then as the config's `shutdown` says. */
  stop(): Promise<void>;
}

/** Rejects with the system's error when a port cannot be had, or when the file of the client token or of a key cannot be read. */
export async function startApp(config: Config, surroundings: Surroundings): Promise<App> {
  const { clock, log, newId, watcher } = surroundings;
  const replayMemory = new ReplayMemory(config.limits.replayMemory);
  const inFlight = new InFlight();
  const observation = new Observation({ clock, log, inFlight, replayMemory, ...(watcher && { watcher }) });
  const lasting: Lasting = {
    ...{ ...surroundings, replayMemory, inFlight },
    store: memoryStore(),
    hopId: newId(),
    observe: observation.observe,
    tokens: observation.tokens,
  };
  const generations = new Generations(await openGeneration(config, lasting));
  const stopping = new Stop();
  const health = {
    unready: () => [...(stopping.aborted ? ['it is shutting down'] : []), ...generations.current.unready()],
    notes: () => generations.current.notes(),
  };
  const openAdmin = adminPort({ ...lasting, health, observation, generation: () => generations.current });
  const ports = await Ports.open(config, { handler: generations.handler, clock, log, openAdmin }).catch(
    async (error) => {
      await generations.close();
      throw error;
    },
  );
  const callers = new Callers(generations);
  generations.current.start();
  const succession = new Succession({ lasting, generations, ports, stopping });
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
      await drain([...ports.listeners, callers], { ...generations.current.config.shutdown, clock });
      await generations.close();
      await ports.admin?.close();
    },
  };
}
