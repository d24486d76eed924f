import type { Handler } from '../exchange.ts';
import { clientTokenLog } from '../observe/log.ts';
import type { BoundListener } from '../server/bind.ts';
import { egressLog } from './egress.ts';
import { type Lasting, openGeneration } from './generation.ts';
import { listeners } from './listener.ts';
import type { PortsContext } from './ports.ts';
import { tellExposed } from './secret-files.ts';
import type { OpenGeneration } from './succession.ts';
import { OwnWork, type Work } from './work.ts';

export type ServiceContext = Omit<Lasting, 'observe'>;

/** Who serves the requests: this process, or others for it. */
export interface Service {
  readonly work: Work;
  readonly open: OpenGeneration;
  /** What takes connections for a handler. */
  make(handler: Handler): PortsContext['make'];
  /** Why requests should not be sent here for its sake. */
  unready(): readonly string[];
  /** What is to be ended when those take no more connections. */
  ending(taking: () => readonly BoundListener[]): readonly BoundListener[];
}

/** This process does everything itself. */
export function alone(context: ServiceContext): Service {
  const work = new OwnWork(context);
  const lasting: Lasting = { ...context, observe: work.observe };
  return {
    work,
    open: openTold(lasting),
    make: (handler) => listeners(handler, lasting),
    unready: () => [],
    ending: (taking) => taking(),
  };
}

/** Opens a generation, and tells of what is to be known of it. */
export function openTold(given: Lasting): OpenGeneration {
  const lasting = { ...given, clientTokenTold: clientTokenLog(given.log, 'listen.clientTokenFile') };
  return async (config, before) => {
    await tellExposed(config.secretFiles, lasting.log);
    const opened = await openGeneration(config, lasting, before);
    if (opened.parts.egress !== before?.parts.egress) egressLog(config, lasting.log);
    return opened;
  };
}
