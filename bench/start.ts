/** How long it takes from the start of the process to its first answer: what a restart, or a job, waits for. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Peer, Place } from './peers.ts';
import { freePort, listens } from './processes.ts';

/** Milliseconds, of each try. */
export async function startsMs(peer: Peer, place: Omit<Place, 'port'>, tries: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < tries; i += 1) {
    const port = await freePort();
    const began = performance.now();
    const program = peer.start({ ...place, port });
    try {
      program.mute();
      await listens(port, 2);
      await answered(port);
      all.push(performance.now() - began);
    } finally {
      await program.stop();
    }
  }
  return all;
}

async function answered(port: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.write('GET /api/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const [answer] = await once(socket, 'data');
  socket.destroy();
  if (!String(answer).startsWith('HTTP/1.1 200 ')) throw new Error(`the first request was answered with ${answer}`);
}
