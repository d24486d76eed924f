import { Secret, type SecretSource } from '../../secret.ts';
import type { RefreshTokenKeeper } from '../rotation.ts';
import type { RedisConnection } from './redis-connection.ts';
import { READ, REPLACE } from './scripts.ts';
import type { Seal } from './seal.ts';
import type { SlotNames } from './shared-slot.ts';

export interface SharedRefreshTokenOptions {
  readonly connection: RedisConnection;
  readonly seal: Seal;
  /** Of the place for what a refresh token became, from that token. */
  readonly namesOf: (given: string) => SlotNames;
}

/**
 * Keeps a refresh token in Redis, for all machines that share its credential. Unlike an access token it is nobody's to
 * do without: while Redis is away there is none, as two machines that spend the same one may lose both. What the config
 * gives is where it begins, and begins anew when the config gives another one.
 */
export function sharedRefreshToken(given: SecretSource, options: SharedRefreshTokenOptions): RefreshTokenKeeper {
  const { connection, seal, namesOf } = options;
  let names = namesOf('');

  const current = async (): Promise<{ readonly generation: string; readonly token: string | undefined }> => {
    const answer = await connection.run(READ, [names.token], []);
    const [, , sealed, generation] = Array.isArray(answer) ? answer.map(String) : [];
    if (sealed === undefined || sealed === '') return { generation: '', token: undefined };
    const token = seal.open(sealed, names.token);
    // Its predecessor, which the config has, is spent: to show it could cost all that came of it.
    if (token === undefined)
      throw new Error(
        'the refresh token in the token store cannot be read: another encryptionKey, or somebody changed it',
      );
    return { generation: generation ?? '', token };
  };

  return {
    async read() {
      const first = await given.read();
      names = namesOf(first.reveal());
      await connection.settled;
      const { token } = await current();
      return token === undefined ? first : new Secret(token);
    },
    async replace(spent, next) {
      const { generation, token } = await current();
      if (token !== undefined && token !== spent.reveal()) return;
      const values = [generation, seal.seal(next.reveal(), names.token), '0', '', names.news];
      // Not written: somebody was quicker, and theirs stays.
      await connection.run(REPLACE, [names.token, names.lock], values);
    },
  };
}
