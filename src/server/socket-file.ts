/** The file of a unix socket: who may connect is its mode, and what stands in its place is not ours to remove. */
import { chmodSync, lstatSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

/** A file's identity: another one of that name has another. */
type Identity = string;

/** An error as the system's are, for what the system would say less clearly or not at all. */
class PlaceError extends Error {
  readonly address: string;
  readonly code: string;

  constructor(code: string, address: string) {
    super(`${code}: ${address}`);
    this.code = code;
    this.address = address;
  }
}

/**
 * Makes room for a socket: one that a dead process left is removed, and nothing else ever is. Rejects with a system
 * error that has `address`: EADDRINUSE where somebody listens, EEXIST for a file that is no socket, ENOENT without a folder.
 */
export async function makeRoom(path: string): Promise<void> {
  if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory()) throw new PlaceError('ENOENT', path);
  const found = identityOf(path);
  if (found === undefined) return;
  if (!lstatSync(path).isSocket()) throw new PlaceError('EEXIST', path);
  if (await isAlive(path)) throw new PlaceError('EADDRINUSE', path);
  // Another process may have been quicker to take it over.
  if (identityOf(path) !== found) throw new PlaceError('EADDRINUSE', path);
  unlinkSync(path);
}

/** Calls back with every new file, sockets too, having these permissions at most, from its first moment on. */
export function withMode<T>(mode: number, create: () => T): T {
  const before = process.umask(0o777 & ~mode);
  try {
    return create();
  } finally {
    process.umask(before);
  }
}

/** Undefined: there is none. */
export function identityOf(path: string): Identity | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}`;
}

/** Of a file that is still ours. */
export function changeMode(path: string, own: Identity | undefined, mode: number): void {
  if (own !== undefined && identityOf(path) === own) chmodSync(path, mode);
}

/**
 * Closes a socket, upon which the system's library removes whatever bears its name by then: what is not ours is out of
 * the way meanwhile.
 */
export function closeOwn<T>(path: string, own: Identity | undefined, close: () => T): T {
  const found = identityOf(path);
  if (found === undefined || found === own) return close();
  const aside = `${path}.aside-${process.pid}`;
  renameSync(path, aside);
  try {
    return close();
  } finally {
    renameSync(aside, path);
  }
}

/** Somebody takes connections there, or it cannot be told. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
      .on('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}
