import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { bearerway, type Command, configFile, type LogLine } from '../cli/command.ts';
import { type Api, startApi } from './api.ts';
import { call, type Reply } from './client.ts';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { oneRoute } from './proxy.ts';

type Spelt = Readonly<Record<string, unknown>>;

interface Place {
  readonly port: number;
  readonly admin: string;
  readonly file: string;
  readonly config: Spelt;
}

/** A proxy with workers, as people start it, with one route `/api`; its log tells of them. */
export class Crewed {
  readonly api: Api;
  readonly provider: IdentityProvider;
  readonly command: Command;
  readonly port: number;
  readonly admin: string;
  readonly #file: string;
  readonly #config: Spelt;

  constructor(
    { api, provider, command }: Pick<Crewed, 'api' | 'provider' | 'command'>,
    { port, admin, file, config }: Place,
  ) {
    this.api = api;
    this.provider = provider;
    this.command = command;
    this.port = port;
    this.admin = admin;
    this.#file = file;
    this.#config = config;
  }

  /** The lines of the log with that message, when there are so many. */
  async told(message: string, count: number): Promise<LogLine[]> {
    let lines: LogLine[] = [];
    await this.command.logged(() => {
      lines = this.command.log.filter(({ msg }) => msg === message);
      return lines.length >= count;
    });
    return lines;
  }

  /** The workers that ever served, when there are so many. */
  async served(count: number): Promise<number[]> {
    return (await this.told('a worker serves', count)).map(({ pid }) => Number(pid));
  }

  /** Requests at once, each on a connection of its own, and so in the hands of all workers. */
  calls(count: number, path = '/api/x'): Promise<Reply[]> {
    return Promise.all(Array.from({ length: count }, () => call(this.port, path)));
  }

  /** So many requests that the API has and does not answer before it is told to. */
  async held(count: number): Promise<{ readonly replies: Promise<Reply>[]; readonly answer: () => void }> {
    const replies: Promise<Reply>[] = [];
    const answers: (() => void)[] = [];
    for (let i = 0; i < count; i += 1) {
      const arrived = Promise.withResolvers<void>();
      this.api.behaveOnce((_, response) => {
        answers.push(() => response.end('at last'));
        arrived.resolve();
      });
      const reply = call(this.port, '/api/slow');
      reply.catch(() => {});
      replies.push(reply);
      await arrived.promise;
    }
    return {
      replies,
      answer() {
        for (const answer of answers) answer();
      },
    };
  }

  /** Puts another config into the file, the one of the start but for these keys, and resolves with what became of it. */
  async reload(changed: Spelt): Promise<LogLine | undefined> {
    const before = this.#reloads.length;
    await writeFile(this.#file, stringify({ ...this.#config, ...changed }));
    this.command.child.kill('SIGHUP');
    await this.command.logged(() => this.#reloads.length > before);
    return this.#reloads.at(-1);
  }

  get #reloads(): LogLine[] {
    return this.command.log.filter(({ msg }) => /^the configuration was (not )?reloaded/.test(String(msg)));
  }

  /** Of the admin port. */
  async seen(path: string): Promise<string> {
    return await (await fetch(`${this.admin}${path}`)).text();
  }

  async ready(): Promise<{ readonly status: number; readonly reasons: unknown }> {
    const answer = await fetch(`${this.admin}/readyz`);
    return { status: answer.status, reasons: JSON.parse(await answer.text()).reasons };
  }
}

export interface CrewedOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** So many files and sockets may be open, in each process. */
  readonly openFiles?: number;
}

/** One whose workers serve, two unless the config says otherwise, and that has its first token. */
export async function startCrewed({ config = {}, env = {}, openFiles }: CrewedOptions = {}): Promise<Crewed> {
  const provider = await startIdentityProvider();
  const api = await startApi(provider);
  const ports = { listen: { port: 0 }, admin: { port: 0 } };
  const spelt = { ...ports, workers: 2, log: { level: 'debug' }, ...oneRoute(api, provider), ...config };
  const file = await configFile(spelt);
  const command = bearerway(['-c', file], { env, ...(openFiles !== undefined && { openFiles }) });
  const place = await command.listening();
  await command.logged(({ msg }) => msg === 'token obtained');
  return new Crewed({ api, provider, command }, { ...place, file, config: spelt });
}
