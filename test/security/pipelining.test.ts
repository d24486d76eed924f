import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { whenWhole } from '../support/api.ts';
import { connectRaw } from '../support/client.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { credentialFor, startProxy } from '../support/proxy.ts';
import { raw, repliesIn } from '../support/raw-replies.ts';
import { startRecorder } from '../support/recorder.ts';
import { setStage } from '../support/stage.ts';

function get(path: string, ...lines: string[]): string {
  return raw([`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines]);
}

const post = raw(['POST /api/2 HTTP/1.1', 'Host: localhost', 'Content-Length: 5'], 'hello');

describe('F28 what is no request behind those that are: their answers in order, then its refusal, and the end', () => {
  test.each([
    ['no request', 'this is none\r\n\r\n', 400],
    [
      'two lengths',
      raw(['POST /api/3 HTTP/1.1', 'Host: localhost', 'Content-Length: 1', 'Content-Length: 2'], 'xx'),
      400,
    ],
    ['another version', 'GET /api/3 HTTP/3.0\r\nHost: localhost\r\n\r\n', 505],
    ['an unknown coding', raw(['POST /api/3 HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: cow'], 'x'), 501],
    ['too many fields', get('/api/3', ...Array.from({ length: 200 }, (_, i) => `X-${i}: y`)), 431],
    ['a tunnel', 'CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n', 405],
  ])('%s', async (_, bytes, status) => {
    const stage = await setStage();
    let answerFirst = (): void => {};
    const firstCame = Promise.withResolvers<void>();
    stage.api.behave(
      whenWhole((request, response) => {
        if (request.url !== '/1') return response.end(request.url);
        answerFirst = () => response.end(request.url);
        return firstCame.resolve();
      }),
    );
    const connection = await connectRaw(stage.proxy.port);
    connection.send(`${get('/api/1')}${post}${bytes}`);
    await firstCame.promise;
    // Time for the second answer and the refusal to overtake, if they would.
    await stage.proxy.call('/api/meanwhile');
    answerFirst();
    const replies = repliesIn(await connection.toEnd());
    expect(replies.map((reply) => reply.status).slice(0, 2)).toEqual([200, 200]);
    expect(replies.slice(0, 2).map(({ body }) => body)).toEqual(['/1', '/2']);
    expect(
      replies.slice(2).map((reply) => [reply.status === 400 || reply.status === status, reply.get('connection')]),
    ).toEqual([[true, 'close']]);
    expect(stage.api.requests.map(({ url }) => url).toSorted()).toEqual(['/1', '/2', '/meanwhile']);
    await stage.lives();
  });
});

test('ten requests at once on one connection are answered in their order', async () => {
  const stage = await setStage();
  const connection = await connectRaw(stage.proxy.port);
  const paths = Array.from({ length: 10 }, (_, index) => `/api/${index}`);
  connection.send(paths.map((path) => get(path)).join(''));
  const received = await connection.until((text) => repliesIn(text).length === 10);
  expect(repliesIn(received).map(({ body }) => /"url":"([^"]*)"/.exec(body)?.[1])).toEqual(
    paths.map((path) => path.slice(4)),
  );
});

describe('F33 a request that is cut anywhere never reaches the API as a whole one', () => {
  const chunked = raw(
    ['PUT /api/x HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked'],
    '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
  );
  const known = raw(['POST /api/x HTTP/1.1', 'Host: localhost', 'Content-Length: 11'], 'hello world');
  const cases: [string, string, string, 'end' | 'resetAndDestroy'][] = [
    ['chunked, by a reset', chunked, '1MiB', 'resetAndDestroy'],
    ['chunked, by an end', chunked, '1MiB', 'end'],
    ['of known length, by a reset', known, '1MiB', 'resetAndDestroy'],
    ['of known length and streamed, by a reset', known, '1B', 'resetAndDestroy'],
    ['of known length and streamed, by an end', known, '1B', 'end'],
  ];
  test.each(cases)('%s', async (_, bytes, maxBody, how) => {
    const provider = await startIdentityProvider();
    const recorder = await startRecorder();
    const proxy = await startProxy({
      credentials: { main: credentialFor(provider) },
      routes: [{ prefix: '/api', upstream: recorder.url, credential: 'main', retry: { maxBody } }],
    });
    for (let length = 1; length < bytes.length; length += 1) {
      const connection = await connectRaw(proxy.port);
      connection.send(bytes.slice(0, length));
      if (how === 'end') {
        connection.socket.end();
        await connection.toEnd();
      } else {
        connection.socket.resetAndDestroy();
      }
    }
    // A whole one behind them all, so that whatever they caused has come in.
    const whole = await connectRaw(proxy.port);
    whole.send(bytes);
    await whole.until((received) => repliesIn(received).length === 1);
    await proxy.app.stop();
    await recorder.idle();
    expect(recorder.messages.map(({ body }) => body.toString())).toEqual(['hello world']);
  });
});

describe('a request that is refused before its body is whole, and whose body never gets whole', () => {
  const lines = ['POST /nowhere HTTP/1.1', 'Host: localhost'];
  test.each([
    ['cut by an end', [...lines, 'Content-Length: 5'], 'he', (socket: Socket) => socket.end()],
    ['chunked and cut', [...lines, 'Transfer-Encoding: chunked'], '5\r\nhe', (socket: Socket) => socket.end()],
    ['no chunks', [...lines, 'Transfer-Encoding: chunked'], '5\r\n', (socket: Socket) => socket.write('helloXX')],
  ])('%s: one answer, and the connection ends', async (_, head, body, breakOff) => {
    const stage = await setStage();
    const connection = await connectRaw(stage.proxy.port);
    connection.send(raw(head, body));
    await connection.until((received) => repliesIn(received).length === 1);
    breakOff(connection.socket);
    expect(repliesIn(await connection.toEnd()).map(({ code }) => code)).toEqual(['no_route']);
    await stage.lives();
  });
});
