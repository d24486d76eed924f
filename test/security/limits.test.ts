import { expect, test } from 'vitest';
import { connectRaw } from '../support/client.ts';
import { startProxy } from '../support/proxy.ts';
import { ask, raw, repliesIn } from '../support/raw-replies.ts';
import { startRecorder } from '../support/recorder.ts';
import { type Stage, setStage } from '../support/stage.ts';
import type { StrictMessage } from '../support/strict-messages.ts';

function get(...lines: string[]): string {
  return raw(['GET /api/x HTTP/1.1', 'Host: localhost', ...lines]);
}

function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `X-${index}: y`);
}

/** The bytes of the one request that reaches an API, which is not bound as Node's servers are. */
async function arrived(bytes: string, limits = {}): Promise<StrictMessage> {
  const recorder = await startRecorder();
  const proxy = await startProxy({ limits, routes: [{ prefix: '/api', upstream: recorder.url }] });
  expect((await ask(proxy.port, bytes)).status).toBe(200);
  const [message, second] = recorder.messages;
  if (message === undefined || second !== undefined) throw new Error('not exactly one request came in');
  return message;
}

/** Refused with that code, and the connection ends. */
async function refusedForGood(stage: Stage, bytes: string, code: string): Promise<void> {
  const connection = await connectRaw(stage.proxy.port);
  connection.send(bytes);
  expect(repliesIn(await connection.toEnd()).map((reply) => reply.code)).toEqual([code]);
  expect(stage.api.requests).toEqual([]);
  await stage.lives();
}

test('as many fields as limits.headerCount says pass', async () => {
  const stage = await setStage();
  await stage.passes(get(...many(99)));
  expect(stage.api.requests[0]?.headers['x-98']).toBe('y');
});

test.each([100, 500, 999, 1100, 2100])('F03 but no more: %i', async (count) => {
  const stage = await setStage();
  await refusedForGood(stage, get(...many(count)), 'header_too_large');
});

test('F03 a length behind the thousandth field cannot be lost, whatever the limits', async () => {
  const limits = { headerCount: 1000, headerSize: '1MiB' };
  const stage = await setStage({ limits });
  const lines = ['POST /api/x HTTP/1.1', 'Host: localhost'];
  const hidden = 'GET /api/hidden HTTP/1.1\r\nHost: localhost\r\n\r\n';
  for (const count of [999, 1100, 2100])
    await refusedForGood(
      stage,
      raw([...lines, ...many(count), `Content-Length: ${hidden.length}`], hidden),
      'header_too_large',
    );
  const most = raw([...lines, ...many(997), `Content-Length: ${hidden.length}`], hidden);
  expect((await arrived(most, limits)).body.toString()).toBe(hidden);
});

test('F30 fields as large as limits.headerSize pass', async () => {
  const most = 16 * 1024 - 'Host: localhost\r\nX: \r\n'.length;
  expect((await arrived(get(`X: ${'y'.repeat(most)}`))).all('x')).toEqual(['y'.repeat(most)]);
  await refusedForGood(await setStage(), get(`X: ${'y'.repeat(most + 1)}`), 'header_too_large');
});

test.each([17, 20, 30, 100])('F30 but not larger: %i KiB, in one field and in many', async (size) => {
  const stage = await setStage();
  await refusedForGood(stage, get(`X: ${'y'.repeat(size * 1024)}`), 'header_too_large');
  const lines = Array.from({ length: size }, (_, index) => `X-${index}: ${'y'.repeat(1024)}`);
  await refusedForGood(stage, get(...lines), 'header_too_large');
});

test('a target of full length and fields of full size pass together', async () => {
  const target = `/api/${'x'.repeat(8 * 1024 - 5)}`;
  const bytes = raw([`GET ${target} HTTP/1.1`, 'Host: localhost', `X: ${'y'.repeat(16 * 1024 - 30)}`]);
  expect((await arrived(bytes)).target).toBe(target.slice(4));
});
