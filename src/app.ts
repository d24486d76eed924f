/**
 * The composition root: a Config becomes one running proxy. With the parts in `app/`, the only place that knows every
 * part of the house.
 */
import { openAdmin } from './app/admin.ts';
import { type Generation, openGeneration } from './app/generation.ts';
import { Observation } from './app/observation.ts';
import { openPorts, type Ports } from './app/ports.ts';
import type { Surroundings } from './app/surroundings.ts';
import { memoryStore } from './auth/store/memory.ts';
import type { Config } from './config/schema.ts';
import type { Handler } from './exchange.ts';
import { ReplayMemory } from './proxy/body.ts';
import { InFlight } from './proxy/in-flight.ts';
import { drain } from './server/drain.ts';

export interface App extends Ports {
  /** Ends without losing a request: not ready at once, then as the config's `shutdown` says. */
  stop(): Promise<void>;
}

/** Rejects with the system's error when a port cannot be had, or when the file of the client token or of a key cannot be read. */
export async function startApp(config: Config, surroundings: Surroundings): Promise<App> {
  const { clock, log, newId } = surroundings;
  const hopId = newId();
  const replayMemory = new ReplayMemory(config.limits.replayMemory);
  const inFlight = new InFlight();
  const observation = new Observation({ clock, log, inFlight, replayMemory });
  const generation: Generation = await openGeneration(config, {
    ...surroundings,
    store: memoryStore(),
    replayMemory,
    inFlight,
    hopId,
    observe: observation.observe,
    tokens: observation.tokens,
  });
  const handler: Handler = {
    serve: (request, answer, signal) => generation.handler.serve(request, answer, signal),
    refuse: (failure, client, answer) => generation.handler.refuse(failure, client, answer),
  };
  let stopping = false;
  const health = {
    unready: () => [...(stopping ? ['it is shutting down'] : []), ...generation.unready()],
    notes: () => generation.notes(),
  };
  const { bound, admin } = await openPorts(handler, {
    config,
    clock,
    log,
    openAdmin: ({ addresses: listen }) =>
      openAdmin(config.admin, { ...surroundings, hopId, health, observation, generation: () => generation, listen }),
  }).catch(async (error) => {
    await generation.close();
    throw error;
  });
  generation.start();
  return {
    bound,
    admin,
    async stop() {
      stopping = true;
      await drain(bound.listeners, { ...config.shutdown, clock });
      await generation.close();
      await admin?.close();
    },
  };
}
