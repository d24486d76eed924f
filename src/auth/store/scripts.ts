/**
 * What is done in Redis, each in one step (Lua). A value is a sealed text; its first 16 characters, the nonce, are its
 * generation. A key that holds something else than a string counts as empty. What nobody of us wrote may be any bytes,
 * and its generation is made ASCII, as it has to come back unchanged. Times are Redis' own: epoch milliseconds.
 */

/** Of the entry: `value`, and `current`, its generation or ''. */
const entry = `
local value = redis.pcall('GET', KEYS[1])
if type(value) ~= 'string' then value = '' end
local current = string.gsub(string.sub(value, 1, 16), '[^%w+/]', '?')
`;

const now = `
local time = redis.call('TIME')
local now = string.format('%.3f', time[1] * 1000 + time[2] / 1000)
`;

/** Whether the lock is the owner's. Text of another kind in its place is nobody's. */
const mine = (lock: string, owner: string): string => `redis.pcall('GET', ${lock}) == ${owner}`;

/**
 * Keys: entry, lock, pause. Arguments: the generation that is known already, the owner, and the lock's milliseconds.
 * Gives `['value', now, value, generation]` for another one; else `['paused', now, milliseconds]`, `['locked', now]` when
 * the lock is the owner's now, or `['busy', now]`.
 */
export const TAKE = `${entry}${now}
if current ~= '' and current ~= ARGV[1] then return {'value', now, value, current} end
local pause = redis.call('PTTL', KEYS[3])
if pause > 0 then return {'paused', now, tostring(pause)} end
if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[3]) then return {'locked', now} end
return {'busy', now}
`;

/** Key: entry. Gives `['value', now, value, generation]`, with '' for none. */
export const READ = `${entry}${now}
return {'value', now, value, current}
`;

/**
 * Keys: entry, lock. Arguments: the generation to replace, the value, its milliseconds (0: no end), the owner, the
 * channel. Writes only over that generation or over nothing, tells the channel, and lets the owner's lock go. Gives
 * whether it wrote, 1 or 0.
 */
export const REPLACE = `${entry}
local writes = current == '' or current == ARGV[1]
if writes then
  if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2])
  else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
  redis.call('PUBLISH', ARGV[5], 'replaced')
end
if ${mine('KEYS[2]', 'ARGV[4]')} then redis.call('DEL', KEYS[2]) end
return writes and 1 or 0
`;

/** Key: lock. Arguments: owner, milliseconds. The lock stays the owner's for so long from now on. */
export const EXTEND = `
if ${mine('KEYS[1]', 'ARGV[1]')} then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
`;

/**
 * Keys: lock, pause. Arguments: the owner, the milliseconds for which nobody is to ask, or 0, and the channel. Lets the
 * owner's lock go and tells the channel.
 */
export const RELEASE = `
if not (${mine('KEYS[1]', 'ARGV[1]')}) then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[2] ~= '0' then redis.call('SET', KEYS[2], '1', 'PX', ARGV[2]) end
redis.call('PUBLISH', ARGV[3], 'released')
return 1
`;

/** Key: one of its own. Argument: a channel. Fails where a command that is used here would: a replica, no room, no right. */
export const PROBE = `
redis.call('TIME')
redis.call('SET', KEYS[1], '1', 'PX', '1000')
redis.call('PEXPIRE', KEYS[1], '1000')
redis.call('PTTL', KEYS[1])
redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], 'probe')
return 1
`;
