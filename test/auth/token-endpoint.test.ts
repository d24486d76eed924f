/** What comes of an exchange with a token endpoint that breaks off, at moments that the test decides on. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { ShortAnswer } from '../../src/auth/short-exchange.ts';
import { tokenEndpoint } from '../../src/auth/token-endpoint.ts';
import { reason } from '../../src/errors.ts';
import { startTokenRecorder } from '../support/token-recorder.ts';

/** Resolves once our client has read the head of an answer. */
function headRead(): Promise<void> {
  const { head } = ShortAnswer.prototype;
  return new Promise((resolve) => {
    const spied = vi.spyOn(ShortAnswer.prototype, 'head').mockImplementation(function (this: ShortAnswer, ...given) {
      head.apply(this, given);
      resolve();
    });
    onTestFinished(() => spied.mockRestore());
  });
}

/** An endpoint that answers with a head and the first of a body, and our end of it. */
async function begin(status: number) {
  const recorder = await startTokenRecorder();
  recorder.behaviour = (socket) =>
    socket.write(`HTTP/1.1 ${status} Whatever\r\nRetry-After: 42\r\nContent-Length: 99\r\n\r\n{`);
  const endpoint = tokenEndpoint({ tls: {}, request: { timeout: 10_000 } });
  onTestFinished(() => endpoint.close());
  const late = new AbortController();
  const read = headRead();
  const answer = endpoint.send({ url: recorder.url(), headers: {}, body: 'a=b' }, late.signal);
  return { answer, read, late };
}

test.each([400, 401, 429, 503])('T17 a %d counts as what it says, though its body never ends', async (status) => {
  const { answer, read, late } = await begin(status);
  await read;
  late.abort();

  expect(await answer).toMatchObject({ status, retryAfter: '42', body: '' });
});

test('T17 a 200 whose body never ends is none', async () => {
  const { answer, read, late } = await begin(200);
  await read;
  late.abort();

  await expect(answer).rejects.toMatchObject({
    code: 'token_unavailable',
    detail: 'the token endpoint did not answer in time',
  });
});

test('one that does not answer until the deadline is told of in our words, and in no others', async () => {
  const recorder = await startTokenRecorder();
  recorder.behaviour = () => {};
  const endpoint = tokenEndpoint({ tls: {}, request: { timeout: 10_000 } });
  onTestFinished(() => endpoint.close());
  const failed = endpoint
    .send({ url: recorder.url(), headers: {}, body: 'a=b' }, AbortSignal.timeout(50))
    .catch((failure) => reason(failure));

  expect(await failed).toBe('the token endpoint did not answer in time');
});
