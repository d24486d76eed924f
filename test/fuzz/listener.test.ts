import { expect, test } from 'vitest';
import { carry, hostileScene } from '../security/hostile/carriage.ts';
import { hostileRequests } from './requests.ts';
import { noSocketsBut, openSockets, patience, rounds } from './rounds.ts';

const AT_ONCE = 300;

test('whatever a client sends, the API gets no more than it says, and nothing is left of it', {
  timeout: patience,
}, async () => {
  const before = openSockets();
  const scenes = [await hostileScene(), await hostileScene({ retry: { maxBody: '4B' } })];
  let passed = 0;
  await rounds('requests', async (random, seed) => {
    const scene = scenes[random(scenes.length)] ?? expect.fail('there are two');
    const tally = await carry(scene, hostileRequests(random, seed, AT_ONCE));
    passed += tally.passed;
    return tally.cases;
  });
  expect(passed).toBeGreaterThan(0);
  for (const { proxy, api } of scenes) {
    await proxy.stop();
    api.cut();
  }
  await noSocketsBut(before);
});
