/** Several proxies, each a process of its own, with one token: what their users see of a shared store. */
import { expect, test } from 'vitest';
import { startFleet } from '../support/fleet.ts';
import { describeWithRedis, startRedis } from '../support/redis-server.ts';

const PROXIES = 4;
const RENEWALS = 20;
/** All of them. */
const OK = [200];

describeWithRedis('proxies that share a token', { timeout: 90_000 }, () => {
  test(`${PROXIES} proxies with 200 requests each make one token request per renewal, ${RENEWALS} times over`, async () => {
    const { provider, members, join } = await startFleet(await startRedis(), PROXIES);
    expect(await Promise.all(members.map((each) => each.calls(1)))).toEqual(members.map(() => OK));
    expect(provider.requests).toHaveLength(1);

    for (let renewal = 1; renewal <= RENEWALS; renewal += 1) {
      provider.revoke();
      expect(await Promise.all(members.map((each) => each.calls(200)))).toEqual(members.map(() => OK));
      expect(provider.requests).toHaveLength(1 + renewal);
    }

    const late = await join();
    expect(await late.calls(200)).toEqual(OK);
    expect(provider.requests).toHaveLength(1 + RENEWALS);
  });

  test('a proxy that is killed while it gets the token: another has one within 2 s, and no request is lost', async () => {
    const { provider, members } = await startFleet(await startRedis(), 3);
    const [owner, ...others] = members;
    provider.goSlow();
    provider.revoke();
    const lost = owner?.call().catch(() => 'lost');
    await provider.requested(2);
    const waiting = others.map((each) => each.calls(50));

    const killedAt = performance.now();
    owner?.command.child.kill('SIGKILL');
    provider.goOn();

    expect(await Promise.all(waiting)).toEqual(others.map(() => OK));
    expect(performance.now() - killedAt).toBeLessThan(2000);
    expect(await lost).toBe('lost');
    expect(provider.requests).toHaveLength(3);
  });

  test('a 401 that comes late to one proxy, after another has renewed the token, costs no token request', async () => {
    const { provider, api, members } = await startFleet(await startRedis(), 2);
    const [a, b] = members;
    expect([await a?.call(), await b?.call()]).toEqual([200, 200]);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    for (let i = 0; i < 20; i += 1) {
      api.behaveOnce((request, response) => {
        if (i === 19) held.resolve();
        request.resume();
        void released.then(() => response.writeHead(401).end());
      });
    }
    const late = b?.calls(20);
    await held.promise;
    provider.revoke();
    expect(await a?.call()).toBe(200);
    expect(provider.requests).toHaveLength(2);

    release();
    expect(await late).toEqual(OK);
    expect(provider.requests).toHaveLength(2);
  });

  test('L12 Redis goes and comes back: nobody notices but the log, and then the token is shared again', async () => {
    const redis = await startRedis();
    const { provider, members } = await startFleet(redis, 2);
    expect(await Promise.all(members.map((each) => each.calls(10)))).toEqual(members.map(() => OK));
    await redis.stop();
    for (const each of members) expect(await each.toldOfRedis(2)).toEqual(['there', 'away']);

    provider.revoke();
    expect(await Promise.all(members.map((each) => each.calls(50)))).toEqual(members.map(() => OK));
    expect(provider.requests).toHaveLength(3);
    for (const each of members) {
      const { status, text } = await each.ready();
      expect(status).toBe(200);
      expect(JSON.parse(text).notes).toEqual([expect.stringMatching(/^token store: Redis is away: \w/)]);
    }

    await redis.start();
    const startedAt = performance.now();
    for (const each of members) expect(await each.toldOfRedis(3)).toEqual(['there', 'away', 'there']);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    for (const each of members) expect(JSON.parse((await each.ready()).text)).toEqual({ ready: true });
    // Of their two tokens they take the newer one.
    await Promise.any(members.map((each) => each.told('token obtained', 3)));
    for (let renewal = 1; renewal <= 3; renewal += 1) {
      provider.revoke();
      expect(await Promise.all(members.map((each) => each.calls(50)))).toEqual(members.map(() => OK));
      expect(provider.requests).toHaveLength(3 + renewal);
    }
  });

  test('L12 Redis hangs: requests are answered all the same', async () => {
    const redis = await startRedis();
    const { provider, members } = await startFleet(redis, 2);
    redis.hang();
    provider.revoke();

    expect(await Promise.all(members.map((each) => each.calls(50)))).toEqual(members.map(() => OK));
    expect(provider.requests).toHaveLength(3);
    for (const each of members) expect(await each.toldOfRedis(2)).toEqual(['there', 'away']);
    redis.goOn();
    for (const each of members) expect(await each.toldOfRedis(3)).toEqual(['there', 'away', 'there']);
  });

  test('with `required` a proxy is not ready while Redis is away, says why, and serves all the same', async () => {
    const redis = await startRedis();
    const { members } = await startFleet(redis, 1, { required: true });
    const [member] = members;
    expect(await member?.call()).toBe(200);
    expect(await member?.ready()).toMatchObject({ status: 200 });
    await redis.stop();
    await member?.toldOfRedis(2);

    const { status, text } = (await member?.ready()) ?? {};
    expect(status).toBe(503);
    expect(JSON.parse(text ?? '').reasons).toEqual([expect.stringMatching(/^token store: Redis is away: \w/)]);
    expect(await member?.calls(10)).toEqual(OK);
    await redis.start();
    await member?.toldOfRedis(3);
    expect(await member?.ready()).toMatchObject({ status: 200 });
  });
});
