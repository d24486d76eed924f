import type { Clock } from '../../clock.ts';
import { Secret, type SecretSource } from '../../secret.ts';
import type { RefreshTokenKeeper, Release } from '../rotation.ts';
import type { RedisConnection } from './redis-connection.ts';
import { READ, REPLACE } from './scripts.ts';
import type { Seal } from './seal.ts';
import { SharedSlot, type SlotNames } from './shared-slot.ts';

/** Who waits for another's token request looks so often whether it has ended. Milliseconds. */
const WAIT_MS = 100;

export interface SharedRefreshTokenOptions {
  readonly connection: RedisConnection;
  readonly clock: Clock;
  /** Says who has the lock; another one each time. */
  readonly newId: () => string;
  readonly seal: Seal;
  /** Of the place for what a refresh token became, from that token. */
  readonly namesOf: (given: string) => SlotNames;
}

/** What the config gives, and the names of its place. */
interface Given {
  readonly first: Secret;
  readonly names: SlotNames;
}

/**
 * Keeps a refresh token in Redis, for all machines that share its credential. Unlike an access token it is nobody's to
 * do without: while Redis is away there is none, as two machines that spend the same one may lose both. What the config
 * gives is where it begins, and begins anew when the config gives another one.
 */
export function sharedRefreshToken(given: SecretSource, options: SharedRefreshTokenOptions): RefreshTokenKeeper {
  const { connection, seal, namesOf, clock, newId } = options;
  /** Of the one that was given when it was last looked for. */
  let names: SlotNames | undefined;
  let looking: Promise<Given> | undefined;
  /** Once at a time, should its file hang. */
  const look = (): Promise<Given> => {
    looking ??= given
      .read()
      .then((first) => {
        names = namesOf(first.reveal());
        return { first, names };
      })
      .finally(() => {
        looking = undefined;
      });
    return looking;
  };

  const current = async ({
    token: place,
  }: SlotNames): Promise<{ readonly generation: string; readonly token: string | undefined }> => {
    const answer = await connection.run(READ, [place], []);
    const [, , sealed, generation] = Array.isArray(answer) ? answer.map(String) : [];
    if (sealed === undefined || sealed === '') return { generation: '', token: undefined };
    const token = seal.open(sealed, place);
    // Its predecessor, which the config has, is spent: to show it could cost all that came of it.
    if (token === undefined)
      throw new Error(
        'the refresh token in the token store cannot be read: another encryptionKey, or somebody changed it',
      );
    return { generation: generation ?? '', token };
  };

  return {
    async read() {
      const { first, names } = await look();
      await connection.settled;
      const { token } = await current(names);
      return token === undefined ? first : new Secret(token);
    },
    /** Also from machines whose access tokens are others, as their scope is, say. */
    async reserve(signal) {
      const { names } = await look();
      await connection.settled;
      return lock(new SharedSlot({ connection, clock, names }), { owner: newId(), clock, signal });
    },
    async replace(spent, next) {
      const place = names ?? (await look()).names;
      const { generation, token } = await current(place);
      if (token !== undefined && token !== spent.reveal()) return;
      const values = [generation, seal.seal(next.reveal(), place.token), '0', '', place.news];
      // Not written: somebody was quicker, and theirs stays.
      await connection.run(REPLACE, [place.token, place.lock], values);
    },
  };
}

interface Waiting {
  readonly owner: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** The owner's lock, as soon as it can be had, until it is released. */
async function lock(slot: SharedSlot, { owner, clock, signal }: Waiting): Promise<Release> {
  let passed = '';
  while (!signal.aborted) {
    const seen = await slot.take(passed, owner);
    if (seen === undefined) throw new Error('Redis is away');
    if (seen.what === 'locked') {
      const stopKeeping = slot.keepLock(owner);
      return () => {
        stopKeeping();
        return slot.release(owner, 0);
      };
    }
    if (seen.what === 'value') passed = seen.generation;
    else await new Promise<void>((resolve) => void clock.after(WAIT_MS, resolve));
  }
  throw signal.reason;
}
