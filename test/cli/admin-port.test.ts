/** What is asked of an admin port has a limit, whoever listens there. */
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { askProxy } from '../../src/cli/admin-port.ts';
import { Complaint } from '../../src/cli/complaint.ts';
import { listening } from '../support/server.ts';

/** A byte whenever the one before has gone out: there is always something, and never enough. */
function drip(socket: Socket): void {
  if (!socket.destroyed) socket.write(' ', () => setImmediate(drip, socket));
}

test.each([
  ['nothing at all', () => {}],
  [
    'a body that does not end',
    (socket: Socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
      drip(socket.on('error', () => {}));
    },
  ],
])('who answers %s is not waited for without end', async (_, behave) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    behave(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const complaints = { nothingListens: '', doesNotTake: '' };
  const place = { host: '127.0.0.1', port: await listening(server), clientToken: undefined, complaints };
  const asked = askProxy(place, { method: 'GET', path: '/api/status', patienceMs: 200 });

  await expect(asked).rejects.toThrow(Complaint);
  await expect(asked).rejects.toThrow(`the admin port on 127.0.0.1:${place.port} does not answer (ETIMEDOUT)`);
});
