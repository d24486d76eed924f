import { readFileSync } from 'node:fs';

/** What the process itself needs, clients and APIs apart: its listeners, its log, files of secrets, token endpoints. */
const OWN = 40;
/** Connections of the admin port that are taken: pages with their events, probes, scrapers. */
const ADMIN = 64;
/** So many are taken however few files may be open. */
const LEAST = 8;

/**
 * How many files and sockets the system lets this process have open at once; Node has raised it as far as it may.
 * Infinite where the system does not say, as elsewhere than on Linux.
 */
export function mostOpenFiles(): number {
  let limits = '';
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Not on Linux.
  }
  const most = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return most === undefined ? Number.POSITIVE_INFINITY : Number(most);
}

/** How many connections to the admin port are taken, where no token is needed to open one. */
export function adminConnectionsFor(openFiles: number): number {
  return Math.max(LEAST, Math.min(ADMIN, Math.floor(openFiles / 8)));
}

/**
 * How many connections of clients are taken, so that those to APIs can be opened as well. When the system itself has
 * to refuse one, nobody is told of it, and there is nothing left for the others.
 */
export function connectionsFor(openFiles: number): number {
  return Math.max(LEAST, Math.floor((openFiles - OWN - adminConnectionsFor(openFiles)) / 2));
}
