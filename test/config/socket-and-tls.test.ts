/** The ways to listen other than a port in the clear. */
import { expect, test } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { faultsOf, leastRoutes, read } from './reading.ts';

const [one, two] = [selfSigned(), selfSigned()];
const listening = (keys: string): string => `listen: {${keys}}\n${leastRoutes}`;

test('a socket is for its owner alone unless its mode says otherwise, and relative paths begin at the config', () => {
  const at = (keys: string) => read(listening(keys), {}, '/etc/bearerway/proxy.yaml').listen.socket;
  expect(at('socket: /run/b.sock')).toEqual({ path: '/run/b.sock', mode: 0o600 });
  expect(at('socket: b.sock, socketMode: "0660"')).toEqual({ path: '/etc/bearerway/b.sock', mode: 0o660 });
  expect(at('socket: /run/b.sock, socketMode: "666"')).toEqual({ path: '/run/b.sock', mode: 0o666 });
  expect(at('socket: ""')).toBeUndefined();
});

test('a socket has no port that the admin port could be', () => {
  const admin = '\nadmin: {port: 8080}';
  expect(faultsOf(`${listening('')}${admin}`)).toEqual([expect.stringContaining('admin.port: is the port of listen')]);
  expect(faultsOf(`${listening('socket: /run/b.sock')}${admin}`)).toEqual([]);
});

test('the path of a socket is at most as long as the system takes it', () => {
  const most = process.platform === 'linux' ? 107 : 103;
  expect(faultsOf(listening(`socket: /${'s'.repeat(most - 1)}`))).toEqual([]);
  const faults = [expect.stringContaining(`listen.socket: is longer than ${most} bytes`)];
  expect(faultsOf(listening(`socket: /${'s'.repeat(most)}`))).toEqual(faults);
  expect(faultsOf(listening(`socket: /${'ä'.repeat((most + 1) / 2)}`))).toEqual(faults);
});

test.each<[string, string, string]>([
  ['a socket beside a host', 'socket: /s, host: 127.0.0.1', 'listen.socket: stands beside host (a socket is'],
  ['a socket beside a port', 'socket: /s, port: 1', 'listen.socket: stands beside port (a socket is'],
  ['a socket beside both', 'socket: /s, host: 0.0.0.0, port: 1', 'listen.socket: stands beside host and port'],
  ['a mode without a socket', 'socketMode: "0600"', 'listen.socketMode: is for a socket (set listen.socket)'],
  ['a mode that YAML takes for a number', 'socket: /s, socketMode: 0600', 'is not the mode of a file in quotes'],
  ['a mode that is none', 'socket: /s, socketMode: "0800"', 'socketMode: is not the mode of a file in quotes'],
  ['a mode with more than permissions', 'socket: /s, socketMode: "4755"', 'is not the mode of a file in quotes'],
  ['a mode that nobody may use', 'socket: /s, socketMode: "0444"', 'listen.socketMode: lets nobody connect'],
  ['clientCa alone', `tls: ${JSON.stringify({ clientCa: one.cert })}`, 'tls.clientCa: needs cert and key beside it'],
  ['cert without key', `tls: ${JSON.stringify({ cert: one.cert })}`, 'listen.tls: has one of cert and key (both would'],
  ['key without cert', `tls: ${JSON.stringify({ key: one.key })}`, 'listen.tls: has one of cert and key (both would'],
  [
    'a key of another',
    `tls: ${JSON.stringify({ cert: one.cert, key: two.key })}`,
    'listen.tls.key: is not the key of cert',
  ],
  [
    'a clientCa that is none',
    `tls: ${JSON.stringify({ ...one, clientCa: one.key })}`,
    'listen.tls.clientCa: is no certificate in PEM',
  ],
  ['a key that does not exist', 'tls: {crt: x}', 'listen.tls.crt: is not known here (did you mean "cert"?)'],
  ['a file that is not there', 'tls: {cert: c.pem, key: k.pem}', 'listen.tls.cert: is neither PEM'],
])('%s is told', (_, keys, message) => {
  expect(faultsOf(listening(keys))[0]).toContain(message);
});

test.each(['tls: ', 'tls: {}', 'tls: {cert: "", key: , clientCa: ""}'])('%s is no TLS', (keys) => {
  expect(read(listening(keys)).listen.tls).toBeUndefined();
});

test('TLS may be on a socket, too', () => {
  const { listen } = read(listening(`socket: /s, tls: ${JSON.stringify({ ...one, clientCa: two.cert })}`));
  expect(listen.tls).toEqual({ ...one, clientCa: two.cert });
});
