import { memoryStore } from '../auth/store/memory.ts';
import { openCredentials } from './credentials.ts';
import { egressLog } from './egress.ts';
import type { Parts } from './parts.ts';
import { openPorts } from './ports.ts';
import { tellExposed } from './secret-files.ts';

/** One process that does everything itself. */
export function alone(hopId: string): Parts {
  const store = memoryStore();
  return {
    hopId,
    async openCredentials(config, context) {
      await tellExposed(config.secretFiles, context.log);
      egressLog(config, context.log);
      return await openCredentials(config, { ...context, store });
    },
    openPorts,
  };
}
