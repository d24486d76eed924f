/**
 * The composition root: a Config becomes one running proxy. With the parts in `app/`, the only place that knows every
 * part of the house.
 */
import { availableParallelism } from 'node:os';
import { type Generation, openGeneration } from './app/generation.ts';
import type { Parts } from './app/parts.ts';
import type { Ports } from './app/ports.ts';
import type { Surroundings } from './app/surroundings.ts';
import type { Config } from './config/schema.ts';
import type { Handler } from './exchange.ts';
import { requestLog } from './observe/request-log.ts';
import { ReplayMemory } from './proxy/body.ts';
import { drain } from './server/drain.ts';

export interface App extends Ports {
  /** Ends without losing a request: not ready at once, then as the config's `shutdown` says. */
  stop(): Promise<void>;
}

/**
 * Rejects with the system's error when a port cannot be had, or when the file of the client token or of a key cannot be
 * read; with a WorkerError when a worker cannot be started.
 */
export async function startApp(config: Config, surroundings: Surroundings): Promise<App> {
  const size = config.workers === 'auto' ? availableParallelism() : config.workers;
  if (size === 1) return await startProcess(config, surroundings);
  const { startFirstProcess } = await import('./app/first-process.ts');
  return await startFirstProcess(config, size, surroundings);
}

/** One that serves requests in this process; `given`: with other parts than when it is alone. */
export async function startProcess(config: Config, surroundings: Surroundings, given?: Parts): Promise<App> {
  const { clock, log, newId } = surroundings;
  const parts = given ?? (await import('./app/alone.ts')).alone(newId());
  const generation: Generation = await openGeneration(config, {
    ...surroundings,
    hopId: parts.hopId,
    openCredentials: parts.openCredentials,
    replayMemory: new ReplayMemory(config.limits.replayMemory),
    observe: requestLog(log, clock),
  });
  const handler: Handler = {
    serve: (request, answer, signal) => generation.handler.serve(request, answer, signal),
    refuse: (failure, client, answer) => generation.handler.refuse(failure, client, answer),
  };
  let stopping = false;
  const { bound, admin } = await parts
    .openPorts(handler, {
      config,
      clock,
      log,
      unready: () => [...(stopping ? ['it is shutting down'] : []), ...generation.unready()],
      notes: () => generation.notes(),
    })
    .catch(async (error) => {
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
