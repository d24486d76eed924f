import { createHash, randomBytes } from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Content } from '../src/http1/content.ts';
import { bufferToBeSpent, giveBack } from '../src/spent.ts';
import { startApi } from './support/api.ts';
import { startIdentityProvider } from './support/identity-provider.ts';
import { oneRoute, startProxy } from './support/proxy.ts';

const LARGE = 65_536;
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('who still holds a buffer that was given back finds nothing in it', () => {
  const buffer = bufferToBeSpent(LARGE);
  const view = buffer.subarray(1, 100);
  giveBack(buffer);
  expect([buffer.length, view.length]).toEqual([0, 0]);
});

test('what was not made to be given back is left alone, and so is what shares its memory with others', () => {
  for (const buffer of [Buffer.alloc(LARGE, 'x'), bufferToBeSpent(100), Buffer.from('x')]) {
    const { length } = buffer;
    giveBack(buffer);
    expect(buffer.length).toBe(length);
  }
});

test.each([
  ['all of it', 0, LARGE, true],
  ['what has no more than a head before it', 1024, LARGE, true],
  ['what has more before it', 1025, LARGE, false],
  ['what has something behind it', 0, LARGE - 1, false],
])('of what came in one piece, %s is to be spent: %#', (_, from, to, spent) => {
  const content = new Content();
  content.add(Buffer.alloc(LARGE), from, to);
  const all = content.joined() ?? Buffer.alloc(0);
  giveBack(all);
  expect(all.length).toBe(spent ? 0 : to - from);
});

test('a body that is kept is whole when it is sent once more, though it went out before', async () => {
  const provider = await startIdentityProvider();
  const api = await startApi();
  const proxy = await startProxy(oneRoute(api, provider, { retry: { maxBody: '4MiB' } }));
  const body = randomBytes(2 * 1024 * 1024);
  api.rejectOnce();
  const reply = await proxy.call('/api/x', { method: 'PUT', body });
  expect([reply.status, reply.headers['bearerway-retry']]).toEqual([200, 'done']);
  expect(api.requests.map(({ bodySha256 }) => bodySha256)).toEqual([hash(body), hash(body)]);
});

test.each([
  ['that is kept', '4MiB'],
  ['that is too large for that', '1MiB'],
])('the memory of a body %s does not wait for the collector', async (_, maxBody) => {
  const provider = await startIdentityProvider();
  const proxy = await startProxy(oneRoute(await startApi(), provider, { retry: { maxBody } }));
  const { transfer } = ArrayBuffer.prototype;
  let given = 0;
  const spy = vi.spyOn(ArrayBuffer.prototype, 'transfer').mockImplementation(function (this: ArrayBuffer, length) {
    given += this.byteLength;
    return transfer.call(this, length);
  });
  onTestFinished(() => spy.mockRestore());
  await proxy.call('/api/x', { method: 'PUT', body: randomBytes(2 * 1024 * 1024) });
  expect(given).toBeGreaterThan(1024 * 1024);
});
