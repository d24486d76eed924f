/** A worker as the first process sees it: a process of its own, with a channel to it and its output. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { FromWorker, ToWorker } from '../worker-messages.ts';
import type { Worker, WorkerEvents } from './worker.ts';

export interface WorkerProcessOptions {
  readonly entry: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes what it writes to its standard output: whole lines, one or more. */
  readonly lines: (lines: string) => void;
}

export function startWorkerProcess({ entry, env, lines }: WorkerProcessOptions, events: WorkerEvents): Worker {
  const child = fork(entry, [], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  takeLines(child, lines);
  // What is sent to one that has just died is lost with it; that it died is told by `close`, behind all that it sent.
  child.on('error', () => {});
  child.on('message', (message: FromWorker) => events.message(message));
  child.once('close', (code, signal) => events.gone({ pid: child.pid, code, signal }));
  const tell = (message: ToWorker, sent: (error: Error | null) => void = () => {}): void => {
    child.send(message, sent);
  };
  return {
    pid: child.pid,
    tell,
    hand: (socket, handed) => hand(child, socket, handed),
    kill: () => void child.kill('SIGKILL'),
  };
}

/**
 * Node sends nothing behind a handle until the other process has said that it has it, or could not take it: so a
 * message that follows tells when that is.
 */
function hand(child: ChildProcess, socket: Socket, handed: () => void): void {
  const connection: ToWorker = { kind: 'connection' };
  const behind: ToWorker = { kind: 'behind' };
  let unsent = false;
  // Kept open here: should the worker die before, another gets it.
  child.send(connection, socket, { keepOpen: true }, (error) => {
    unsent = error !== null;
  });
  child.send(behind, (error) => {
    if (!unsent && error === null) handed();
  });
}

/** The end of one that was killed may be half a line: that is dropped. */
function takeLines({ stdout }: ChildProcess, lines: (lines: string) => void): void {
  let rest = '';
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1;
    if (end === 0) {
      rest += text;
      return;
    }
    lines(rest + text.slice(0, end));
    rest = text.slice(end);
  });
}
