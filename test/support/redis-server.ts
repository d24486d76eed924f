/** A Redis of the test's own: Debian's redis-server on a free port, with a folder that goes when it does. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { describe, onTestFinished } from 'vitest';
import { listening } from './server.ts';

const installed = spawnSync('redis-server', ['--version']).status === 0;
if (!installed) console.info('redis-server is not installed: the tests of the shared token store are NOT run.');

/** Tests that need a Redis. Where there is none they are left out, which is said. */
export const describeWithRedis = describe.runIf(installed);

export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #words: readonly string[];
  #process: ChildProcess | undefined;

  constructor(port: number, folder: string, words: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#words = words;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Resolves once it answers. It remembers nothing of a time before. */
  async start(): Promise<void> {
    const words = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.#folder];
    const child = spawn('redis-server', [...words, ...this.#words], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    let told = '';
    for await (const text of child.stdout.setEncoding('utf8')) {
      told += text;
      if (told.includes('Ready to accept connections')) break;
    }
    if (!told.includes('Ready to accept connections')) throw new Error(`redis-server ended: ${told}`);
  }

  /** Resolves once it is gone, and what it knew with it. */
  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** It takes connections and commands, and answers nothing, until `goOn`. */
  hang(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Runs one command, as somebody with a connection of his own. */
  async command(...words: (string | Buffer)[]): Promise<unknown> {
    const client = createClient({ url: this.url, disableClientInfo: true });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(words);
    } finally {
      client.destroy();
    }
  }

  /** All keys and what they hold, those with text. */
  async content(): Promise<Map<string, string>> {
    // KEYS gives a list of texts.
    const keys = (await this.command('KEYS', '*')) as string[];
    const values = await Promise.all(keys.map((key) => this.command('GET', key)));
    return new Map(keys.map((key, i) => [key, String(values[i])]));
  }

  /** The one key that ends like this. */
  async key(end: string): Promise<string> {
    const keys = [...(await this.content()).keys()].filter((key) => key.endsWith(end));
    if (keys.length !== 1 || keys[0] === undefined) throw new Error(`there are ${keys.length} keys that end in ${end}`);
    return keys[0];
  }
}

/** Starts one, with more words of its configuration; gone when the test is. */
export async function startRedis(...words: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bearerway-redis-'));
  for (let tries = 1; ; tries += 1) {
    const server = new RedisServer(await freePort(), folder, words);
    try {
      await server.start();
      onTestFinished(async () => {
        await server.stop();
        await rm(folder, { recursive: true });
      });
      return server;
    } catch (error) {
      // Somebody else may have been quicker to take the port.
      if (tries === 5) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  const port = await listening(probe);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
