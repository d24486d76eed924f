/** The real command in a process of its own: what people and their scripts see of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';

const root = join(import.meta.dirname, '../..');
export const main = join(root, 'src/main.ts');
export const bin = join(root, 'bin/bearerway.js');

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type LogLine = Readonly<Record<string, unknown>>;

export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Ending>;
  stdout = '';
  stderr = '';
  #over = false;
  #wake = (): void => {};

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#wake();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.#over = true;
      this.#wake();
      return { code, signal, stdout: this.stdout, stderr: this.stderr };
    });
  }

  /** Its log, as far as it has come. */
  get log(): LogLine[] {
    return this.stdout
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line): LogLine => JSON.parse(line));
  }

  /** Resolves with the first line of the log that is such; rejects if the process ends without it. */
  async logged(is: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const line = this.log.find(is);
      if (line !== undefined) return line;
      if (this.#over) throw new Error(`it ended without that line: ${this.stdout}${this.stderr}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Where it listens, once it does. */
  async listening(): Promise<{ readonly port: number; readonly admin: string }> {
    const { listening, admin } = await this.logged(({ msg }) => msg === 'listening');
    return { port: Number(/127\.0\.0\.1:(\d+)/.exec(String(listening))?.[1]), admin: String(admin) };
  }
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Given on standard input; left out: that is empty. */
  readonly stdin?: string;
  /** Words for Node itself, and the file it runs. */
  readonly node?: readonly string[];
  /** No more files and sockets may be open in it at once. */
  readonly openFiles?: number;
}

/** Starts one; it is gone when the test is. */
export function bearerway(
  words: readonly string[],
  { env = {}, cwd = root, stdin, node = [main], openFiles }: CommandOptions = {},
): Command {
  const line = [process.execPath, ...node, ...words];
  const [program = '', ...rest] =
    openFiles === undefined ? line : ['sh', '-c', `ulimit -n ${openFiles}; exec "$0" "$@"`, ...line];
  const child = spawn(program, rest, {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(stdin);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return new Command(child);
}

/** A folder for a test. */
export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'bearerway-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/** A config in a file of its own, with free ports unless it names others; gives the path. */
export async function configFile(config: Readonly<Record<string, unknown>> | string): Promise<string> {
  const file = join(await folder(), 'proxy.yaml');
  const ports = { listen: { port: 0 }, admin: { port: 0 } };
  await writeFile(file, typeof config === 'string' ? config : stringify({ ...ports, ...config }));
  return file;
}

export const anywhere = { routes: [{ prefix: '/a', upstream: 'http://127.0.0.1:9' }] };
