import { describe, expect, test } from 'vitest';
import { connectRaw, type RawConnection } from '../support/client.ts';
import { raw, repliesIn } from '../support/raw-replies.ts';
import { setStage } from '../support/stage.ts';

const head = ['POST /api/x HTTP/1.1', 'Host: localhost', 'Expect: 100-continue'];

function statuses(received: string): number[] {
  return repliesIn(received).map(({ status }) => status);
}

/** Everything up to the final answer. */
async function toFinal(connection: RawConnection): Promise<number[]> {
  return statuses(await connection.until((received) => statuses(received).some((status) => status >= 200)));
}

describe('F23 Expect: 100-continue', () => {
  test.each([
    ['of known length', 'Content-Length: 5', 'hello'],
    ['chunked', 'Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
    ['too large to be kept', 'Content-Length: 5', 'hello'],
  ])('gets exactly one 100, then its body is taken: %s', async (name, framing, body) => {
    const stage = await setStage({ route: name.startsWith('too') ? { retry: { maxBody: '1B' } } : {} });
    const connection = await connectRaw(stage.proxy.port);
    connection.send(raw([...head, framing]));
    await connection.until((received) => received.includes('\r\n\r\n'));
    expect(statuses(connection.received)).toEqual([100]);
    expect(stage.api.requests).toEqual([]);
    connection.send(body);
    expect(await toFinal(connection)).toEqual([100, 200]);
    const [seen] = stage.api.requests;
    expect(seen?.bodyLength).toBe(5);
    expect(seen?.headers.authorization).toBe(`Bearer ${stage.provider.issued[0]}`);
    expect(seen?.headers.expect).toBeUndefined();
  });

  test.each([
    ['in one field', ['Expect: 100-continue, 100-Continue']],
    ['in two fields', ['Expect: 100-continue', 'Expect:']],
  ])('however often it is said: %s', async (_name, fields) => {
    const stage = await setStage();
    const connection = await connectRaw(stage.proxy.port);
    connection.send(raw(['POST /api/x HTTP/1.1', 'Host: localhost', ...fields, 'Content-Length: 5']));
    await connection.until((received) => received.includes(' 100 '));
    connection.send('hello');
    expect(await toFinal(connection)).toEqual([100, 200]);
  });

  test('while the token is still on its way', async () => {
    const stage = await setStage();
    stage.provider.goSlow();
    stage.provider.revoke();
    const connection = await connectRaw(stage.proxy.port);
    connection.send(raw([...head, 'Content-Length: 5']));
    await connection.until((received) => received.includes(' 100 '));
    connection.send('hello');
    await stage.provider.requested(2);
    stage.provider.goOn();
    expect(await toFinal(connection)).toEqual([100, 200]);
    expect(stage.api.requests.map(({ bodyLength }) => bodyLength)).toEqual([5, 5]);
  });

  test('and on the same connection again', async () => {
    const stage = await setStage();
    const connection = await connectRaw(stage.proxy.port);
    for (const round of [1, 2]) {
      connection.send(raw([...head, 'Content-Length: 5']));
      await connection.until((received) => received.split(' 100 ').length === round + 1);
      connection.send('hello');
      await connection.until((received) => statuses(received).length === round * 2);
    }
    expect(statuses(connection.received)).toEqual([100, 200, 100, 200]);
  });

  test('sent with the body at once works', async () => {
    const stage = await setStage();
    const connection = await connectRaw(stage.proxy.port);
    connection.send(raw([...head, 'Content-Length: 5'], 'hello'));
    expect((await toFinal(connection)).at(-1)).toBe(200);
  });

  test('without a body needs no leave', async () => {
    const stage = await setStage();
    const connection = await connectRaw(stage.proxy.port);
    connection.send(raw(['GET /api/x HTTP/1.1', 'Host: localhost', 'Expect: 100-continue']));
    expect((await toFinal(connection)).at(-1)).toBe(200);
  });

  test('from HTTP/1.0 is not heard (RFC 9110 §10.1.1)', async () => {
    const stage = await setStage();
    const connection = await connectRaw(stage.proxy.port);
    connection.send(
      raw(['POST /api/x HTTP/1.0', 'Host: localhost', 'Expect: 100-continue', 'Content-Length: 5'], 'hello'),
    );
    expect(statuses(await connection.toEnd())).toEqual([200]);
  });

  test('of a request that is refused gets no 100, and the connection ends', async () => {
    const stage = await setStage();
    for (const lines of [
      ['POST /nowhere HTTP/1.1', ...head.slice(1)],
      [...head, 'Origin: null'],
    ]) {
      const connection = await connectRaw(stage.proxy.port);
      connection.send(raw([...lines, 'Content-Length: 5']));
      const received = await connection.toEnd();
      expect(statuses(received)).toHaveLength(1);
      expect(repliesIn(received)[0]?.get('connection')).toBe('close');
    }
    expect(stage.api.requests).toEqual([]);
  });
});

test.each(['foo', '100-continue, foo', '200-ok', '100-continues', 'foo=bar;x'])('F24 Expect: %s', async (value) => {
  const stage = await setStage();
  await stage.refuses(raw(['GET /api/x HTTP/1.1', 'Host: localhost', `Expect: ${value}`]), 417, 'expectation_failed');
  const lines = ['POST /api/x HTTP/1.1', 'Host: localhost', `Expect: ${value}`, 'Content-Length: 5'];
  await stage.refuses(raw(lines, 'hello'), 417, 'expectation_failed');
});
