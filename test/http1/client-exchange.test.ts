import { expect, test, vi } from 'vitest';
import { Fields } from '../../src/fields.ts';
import { ClientExchange, noRequest } from '../../src/http1/client-exchange.ts';
import { beginTurn, endTurn } from '../../src/http1/turn.ts';
import { Writer } from '../../src/http1/writer.ts';
import { connected } from '../support/connected.ts';

test('the last byte of an answer of known length goes out at once, ahead of whatever its end leads to', async () => {
  const [here] = await connected();
  const write = vi.spyOn(here, 'write');
  const ignored = (): void => {};
  const carrier = { writer: new Writer(here), draining: false };
  const exchange = new ClientExchange(
    { ...noRequest, persistent: true },
    { ...carrier, takeBody: ignored, answered: ignored, endSide: ignored, cut: ignored },
  );
  beginTurn();
  exchange.head(
    { status: 200, reason: 'OK', fields: new Fields(['Content-Length', '4']) },
    { resume: ignored, cancel: ignored },
  );
  exchange.data(Buffer.from('ab'));
  expect(write).not.toHaveBeenCalled();
  exchange.data(Buffer.from('cd'));
  expect(write.mock.calls).toEqual([['HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd', 'latin1']]);
  endTurn();
});
