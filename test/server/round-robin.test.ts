/** Who gets which connection. */
import { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { RoundRobin } from '../../src/server/round-robin.ts';

class FakeTaker {
  readonly sockets: Socket[] = [];
  /** Those that it has; of the others it has not said so. */
  arrived: (() => void)[] = [];

  hand(socket: Socket, arrived: () => void): void {
    this.sockets.push(socket);
    this.arrived.push(arrived);
  }

  arrive(): void {
    for (const arrived of this.arrived.splice(0)) arrived();
  }
}

function connections(count: number): Socket[] {
  const sockets = Array.from({ length: count }, () => new Socket());
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

function joined(count: number) {
  const turns = new RoundRobin();
  const takers = Array.from({ length: count }, () => new FakeTaker());
  for (const taker of takers) turns.join(taker);
  return { turns, takers };
}

test('connections go to all in turn', () => {
  const { turns, takers } = joined(3);
  for (const socket of connections(9)) {
    turns.take(socket);
    for (const taker of takers) taker.arrive();
  }
  expect(takers.map(({ sockets }) => sockets.length)).toEqual([3, 3, 3]);
});

test('who does not answer is given no second one', () => {
  const { turns, takers } = joined(2);
  const [hung, well] = takers;
  for (const socket of connections(10)) {
    turns.take(socket);
    well?.arrive();
  }
  expect([hung?.sockets.length, well?.sockets.length]).toEqual([1, 9]);
});

test('what comes while nobody is free waits, in its order', () => {
  const { turns, takers } = joined(1);
  const sockets = connections(3);
  for (const socket of sockets) turns.take(socket);
  const [taker] = takers;
  expect(taker?.sockets).toEqual([sockets[0]]);
  taker?.arrive();
  taker?.arrive();
  expect(taker?.sockets).toEqual(sockets);
});

test('what had not come to one that left goes to another, before all that came later', () => {
  const { turns, takers } = joined(1);
  const [first, second] = connections(2) as [Socket, Socket];
  turns.take(first);
  turns.take(second);
  const [dead] = takers as [FakeTaker];
  turns.leave(dead);
  // Word of it that comes after all closes nothing.
  dead.arrive();
  expect(first.destroyed).toBe(false);
  const next = new FakeTaker();
  turns.join(next);
  next.arrive();
  expect(next.sockets).toEqual([first, second]);
});

test('our copy of a connection is closed when the taker has it, and not before', () => {
  const { turns, takers } = joined(1);
  const [socket] = connections(1) as [Socket];
  turns.take(socket);
  expect(socket.destroyed).toBe(false);
  takers[0]?.arrive();
  expect(socket.destroyed).toBe(true);
});

test('more than can wait are closed', () => {
  const { turns } = joined(0);
  const sockets = connections(1030);
  for (const socket of sockets) turns.take(socket);
  expect(sockets.filter(({ destroyed }) => destroyed)).toEqual(sockets.slice(1024));
  turns.drop();
  expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
});

test('it is empty when the last one that waited has been given to somebody', async () => {
  const { turns, takers } = joined(1);
  for (const socket of connections(2)) turns.take(socket);
  let empty = false;
  const emptied = turns.emptied().then(() => {
    empty = true;
  });
  await new Promise(setImmediate);
  expect(empty).toBe(false);
  takers[0]?.arrive();
  await emptied;
});
