import { expect, test } from 'vitest';
import { Reloads } from '../../src/observe/reloads.ts';
import { MovedClock } from '../support/clock.ts';

test('changes of the config are counted, and of the last one it is told what became of it', () => {
  const clock = new MovedClock();
  const reloads = new Reloads(clock);
  expect(reloads.status).toBeNull();
  const at = (): string => new Date(clock.wallMs()).toISOString();

  reloads.succeeded();
  expect(reloads.status).toEqual({ at: at(), ok: true, error: null, count: 1, failures: 0 });
  clock.advance(1000);
  reloads.failed('proxy.yaml:1:1 routes: is empty');
  const failed = { ok: false, error: 'proxy.yaml:1:1 routes: is empty', count: 2, failures: 1 };
  expect(reloads.status).toEqual({ at: at(), ...failed });
  clock.advance(1000);
  expect(reloads.status).toMatchObject(failed);
  reloads.succeeded();
  expect(reloads.status).toEqual({ at: at(), ok: true, error: null, count: 3, failures: 1 });
  expect(reloads.failures).toBe(1);
});
