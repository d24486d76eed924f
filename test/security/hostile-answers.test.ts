import { afterAll, expect, test } from 'vitest';
import type { RawConnection } from '../support/client.ts';
import { connectRaw } from '../support/client.ts';
import { count } from '../support/counts.ts';
import { startProxy } from '../support/proxy.ts';
import { hasHead, startRawApi } from '../support/raw-api.ts';
import { repliesIn } from '../support/raw-replies.ts';

/**
 * `whole`: the client gets that answer. `502`: a problem of ours, `upstream_invalid` or `upstream_reset`. `cut`: the
 * client's connection ends in the middle of the answer, and cannot be taken for whole.
 */
type Outcome = 'whole' | '502' | 'cut';

const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\n';
const OK = 'HTTP/1.1 200 OK\r\n';
const chunked = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

const hostile: readonly (readonly [name: string, bytes: string, outcome: Outcome, body?: string])[] = [
  ['U07 a length and a coding', `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, '502'],
  ['U07 a coding and a length', `${OK}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`, '502'],
  ['U07 two lengths that differ', `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk`, '502'],
  ['U07 two lengths alike', `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`, '502'],
  ['U07 a list of lengths', `${OK}Content-Length: 2, 2\r\n\r\nok`, '502'],
  ['U07 a negative length', `${OK}Content-Length: -2\r\n\r\nok`, '502'],
  ['U07 a length with a sign', `${OK}Content-Length: +2\r\n\r\nok`, '502'],
  ['U07 a length in hexadecimal', `${OK}Content-Length: 0x2\r\n\r\nok`, '502'],
  ['U07 an empty length', `${OK}Content-Length:\r\n\r\n`, '502'],
  ['U07 a length of 20 digits', `${OK}Content-Length: 99999999999999999999\r\n\r\nok`, '502'],
  ['U17 gzip as a coding', `${OK}Transfer-Encoding: gzip\r\n\r\nok`, '502'],
  ['U17 two codings', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, '502'],
  ['U17 chunked twice', `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, '502'],
  ['U17 identity', `${OK}Transfer-Encoding: identity\r\n\r\nok`, '502'],
  ['U17 a coding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', '502'],
  ['U12 101 that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', '502'],
  ['U11 interim answers without an end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(17), '502'],
  ['U13 folding', `${OK}X: a\r\n b\r\nContent-Length: 0\r\n\r\n`, '502'],
  ['U13 a NUL', `${OK}X: a\0b\r\nContent-Length: 0\r\n\r\n`, '502'],
  ['U13 a bare CR', `${OK}X: a\rb\r\nContent-Length: 0\r\n\r\n`, '502'],
  ['U13 bare LFs', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', '502'],
  ['a space in front of a colon', `${OK}Content-Length : 2\r\n\r\nok`, '502'],
  ['a field without a name', `${OK}: x\r\n\r\n`, '502'],
  ['a field without a colon', `${OK}Content-Length\r\n\r\n`, '502'],
  ['U14 20 KB of fields', `${OK}X: ${'y'.repeat(20_000)}\r\n\r\n`, '502'],
  ['U14 101 fields', `${OK}${'X: y\r\n'.repeat(101)}\r\n`, '502'],
  ['U15 the status 099', 'HTTP/1.1 099 Low\r\nContent-Length: 0\r\n\r\n', '502'],
  ['U15 the status 999', 'HTTP/1.1 999 High\r\nContent-Length: 0\r\n\r\n', '502'],
  ['U15 the status 1000', 'HTTP/1.1 1000 Long\r\nContent-Length: 0\r\n\r\n', '502'],
  ['U15 the status 20', 'HTTP/1.1 20 Short\r\nContent-Length: 0\r\n\r\n', '502'],
  ['U15 HTTP/2.0 in letters', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n', '502'],
  ['U15 http in small letters', 'http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '502'],
  ['U15 the banner of SSH', 'SSH-2.0-OpenSSH_9.9\r\n', '502'],
  ['U15 a page as HTTP/0.9 has it', '<!doctype html><p>hello\r\n', '502'],
  ['U15 nothing', '', '502'],
  ['half a head', `${OK}Content-Le`, '502'],
  ['an empty line first', `\r\n${OK}Content-Length: 2\r\n\r\nok`, '502'],
  ['a control byte in the reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n', '502'],
  ['U05 a body that is too short', `${OK}Content-Length: 10\r\n\r\nok`, 'cut'],
  ['U06 no last chunk', `${chunked}2\r\nok\r\n`, 'cut'],
  ['U06 a chunk size that is none', `${chunked}2\r\nok\r\nzz\r\n`, 'cut'],
  ['U06 a chunk size with 0x', `${chunked}2\r\nok\r\n0x2\r\nok\r\n0\r\n\r\n`, 'cut'],
  ['U06 a chunk size of 9 digits', `${chunked}2\r\nok\r\n000000002\r\nok\r\n0\r\n\r\n`, 'cut'],
  ['U06 a chunk that is too long', `${chunked}2\r\nokk\r\n0\r\n\r\n`, 'cut'],
  ['U06 a chunk that ends with LF', `${chunked}2\r\nok\n0\r\n\r\n`, 'cut'],
  ['U06 a chunk size that ends with LF', `${chunked}2\r\nok\r\n2\nok\r\n0\r\n\r\n`, 'cut'],
  ['U06 a chunk extension without an end', `${chunked}2\r\nok\r\n2;${'x'.repeat(5000)}\r\nok\r\n0\r\n\r\n`, 'cut'],
  ['U06 trailers that break the grammar', `${chunked}2\r\nok\r\n0\r\nno colon\r\n\r\n`, 'cut'],
  [
    'U08 bytes behind the body',
    `${OK}Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nX-Smuggled: 1\r\n\r\n`,
    'whole',
    'ok',
  ],
  ['U08 bytes behind the last chunk', `${chunked}2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`, 'whole', 'ok'],
  ['U18 a 204 with a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok', 'whole', ''],
  [
    'U18 a 204 with chunks',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'whole',
    '',
  ],
  ['U18 a 304 with a body', 'HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 'whole', ''],
  [
    'U10 100 Continue that nobody waits for',
    `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`,
    'whole',
    'ok',
  ],
  [
    '16 interim answers',
    `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(16)}${OK}Content-Length: 2\r\n\r\nok`,
    'whole',
    'ok',
  ],
  [
    'U19 trailers that may not be there',
    `${chunked}2\r\nok\r\n0\r\nContent-Length: 99\r\nSet-Cookie: a=b\r\n\r\n`,
    'whole',
    'ok',
  ],
  ['chunk extensions', `${chunked}2;a="b c"\r\nok\r\n0;z\r\n\r\n`, 'whole', 'ok'],
  ['a body that ends with the connection', 'HTTP/1.0 200 OK\r\n\r\nok', 'whole', 'ok'],
];

/** Answers to a handshake that asks for `x` or `y/1`. */
const hostileSwitches: typeof hostile = [
  ['U12 another protocol', `${SWITCH}Connection: Upgrade\r\nUpgrade: z\r\n\r\n`, '502'],
  ['U12 one that was asked for and another', `${SWITCH}Connection: Upgrade\r\nUpgrade: x, z\r\n\r\n`, '502'],
  ['U12 another version', `${SWITCH}Connection: Upgrade\r\nUpgrade: y/2\r\n\r\n`, '502'],
  ['U12 h2c', `${SWITCH}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`, '502'],
  ['U12 no protocol', `${SWITCH}Connection: Upgrade\r\n\r\n`, '502'],
  ['U12 an empty protocol', `${SWITCH}Connection: Upgrade\r\nUpgrade:\r\n\r\n`, '502'],
  ['U12 Upgrade without the Connection option', `${SWITCH}Upgrade: x\r\n\r\n`, '502'],
  ['U12 a length', `${SWITCH}Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nok`, '502'],
  ['U12 a coding', `${SWITCH}Connection: Upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n`, '502'],
  ['U12 HTTP/1.0', 'HTTP/1.0 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', '502'],
  ['U12 a bare LF', `${SWITCH}Connection: Upgrade\nUpgrade: x\r\n\r\n`, '502'],
  ['U12 half a head', `${SWITCH}Connection: Upgrade\r\nUpg`, '502'],
  [
    'U11 behind interim answers without an end',
    `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(17)}${SWITCH}Connection: Upgrade\r\nUpgrade: x\r\n\r\n`,
    '502',
  ],
  [
    'a 101 of another protocol behind 100 interim answers',
    `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)}${SWITCH}Connection: Upgrade\r\nUpgrade: z\r\n\r\n`,
    '502',
  ],
  ['a 101 behind the answer', `${OK}Content-Length: 2\r\n\r\nok${SWITCH}Upgrade: x\r\n\r\n`, 'whole', 'ok'],
  ['an answer without a length', `${OK}Connection: Upgrade\r\nUpgrade: x\r\n\r\nok`, 'whole', 'ok'],
  ['a body that is too short', `${OK}Upgrade: x\r\nContent-Length: 10\r\n\r\nok`, 'cut'],
];

const GET = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\n\r\n';
const HANDSHAKE = 'GET /api/x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: x, y/1\r\n\r\n';
const seen = { whole: 0, '502': 0, cut: 0 };

async function say(connection: RawConnection, bytes: string, bytewise: boolean): Promise<void> {
  if (!bytewise) connection.send(bytes);
  else {
    for (const byte of bytes) {
      if (!connection.socket.writable) return;
      connection.send(byte);
      await new Promise((next) => setImmediate(next));
    }
  }
  connection.socket.end();
}

const requests = [
  ...hostile.map(([name, ...answer]) => [name, GET, ...answer] as const),
  ...hostileSwitches.map(([name, ...answer]) => [name, HANDSHAKE, ...answer] as const),
];

test.each(requests.flatMap((each) => [[false, ...each] as const, [true, ...each] as const]))(
  'bytewise %s: %s',
  async (bytewise, _name, request, bytes, outcome, body = '') => {
    let first = true;
    const api = await startRawApi(async (connection) => {
      await connection.until(hasHead);
      if (!first) return connection.send(`${OK}Content-Length: 4\r\n\r\nnext`);
      first = false;
      await say(connection, bytes, bytewise);
    });
    const proxy = await startProxy({ routes: [{ prefix: '/api', upstream: api.url }] });
    const client = await connectRaw(proxy.port);
    client.send(request);
    const final = (text: string) => repliesIn(text).find(({ status }) => status >= 200);
    if (outcome === 'cut') {
      const received = await client.toEnd();
      expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(final(received)).toBeUndefined();
    } else {
      const reply = final(await client.until((text) => final(text) !== undefined));
      if (outcome === '502') expect(reply?.code).toMatch(/^upstream_(invalid|reset)$/);
      else expect(reply).toMatchObject({ body });
      expect(client.received).not.toContain('Smuggled');
    }
    // The next one is answered rightly: on the same connection where that goes on, and on another.
    const again = outcome === 'cut' ? await connectRaw(proxy.port) : client;
    const before = again.received.length;
    again.send(GET);
    expect(await again.until((text) => text.slice(before).endsWith('next'))).toContain('HTTP/1.1 200 OK');
    expect(api.connections).toHaveLength(2);
    seen[outcome] += 1;
  },
);

afterAll(() => {
  count(`hostile answers of APIs (${JSON.stringify(seen)})`, requests.length * 2);
});
