/** Somebody at a machine who does what a page says, block by block. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { parseDocument } from 'yaml';
import { Command, folder, main } from '../cli/command.ts';
import { type Block, fileOf, type Page } from './page.ts';

/** Ports that pages name; a test has others, free ones. */
interface Ports {
  readonly 8080: number;
  readonly 9090: number;
}

export class Session {
  readonly folder: string;
  readonly #places: Readonly<Record<string, string>>;
  #ports: Ports | undefined;
  /** The proxy that was started last. */
  proxy: Command | undefined;
  /** What the last block with commands said, on both outputs. */
  said = '';

  constructor(place: string, places: Readonly<Record<string, string>>) {
    this.folder = place;
    this.#places = places;
  }

  /** Does all that a page says. */
  async follow(page: Page): Promise<void> {
    for (const block of page.blocks) await this.#do(block);
  }

  async #do(block: Block): Promise<void> {
    const { language, words, text } = block;
    const file = fileOf(block);
    if (file !== undefined) await this.write(file, text);
    else if (language === 'sh' && words.includes('background')) await this.#start(text);
    else if (language === 'sh') await this.run(text);
    else if (language === 'output') this.#saw(text);
    else if (language !== 'text' && language !== 'http') throw new Error(`what is a block of ${language} for?`);
  }

  async write(file: string, text: string): Promise<void> {
    const path = join(this.folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, /(^|\/)proxy\.yaml$/.test(file) ? withFreePorts(this.#placed(text)) : this.#here(text));
  }

  /** Runs commands as bash would in a script; fails with what they said if one fails. */
  async run(commands: string): Promise<void> {
    const command = new Command(this.#spawn(this.#here(commands)));
    const { code, stdout, stderr } = await command.ended;
    this.said = `${stdout}${stderr}`;
    expect(code, `${commands}${this.said}`).toBe(0);
  }

  /** Starts a proxy, which goes on until the test ends. */
  async #start(commands: string): Promise<void> {
    const command = new Command(this.#spawn(this.#placed(commands)));
    const { listening, admin } = await command.logged(({ msg }) => msg === 'listening');
    this.#ports = { 8080: portOf(String(listening)), 9090: portOf(String(admin)) };
    this.proxy = command;
  }

  #spawn(commands: string) {
    const { PATH } = process.env;
    const env = { HOME: this.folder, PATH: `${join(this.folder, 'bin')}:${PATH}` };
    const options = { cwd: this.folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] as const };
    const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], { ...options, stdio: [...options.stdio] });
    onTestFinished(async () => {
      if (child.exitCode !== null || child.pid === undefined) return;
      // With all that it has started.
      const gone = once(child, 'close');
      process.kill(-child.pid, 'SIGKILL');
      await gone;
    });
    return child;
  }

  /** The text with the ports that there are here. */
  #here(text: string): string {
    return this.#placed(text).replace(/\b(8080|9090)\b/g, (port) => {
      if (this.#ports === undefined) throw new Error(`port ${port} is spoken of before anything listens there`);
      // The expression lets nothing else through.
      return String(this.#ports[Number(port) as keyof Ports]);
    });
  }

  /** The text with other places that are elsewhere here. */
  #placed(text: string): string {
    return Object.entries(this.#places).reduce((told, [there, here]) => told.replaceAll(there, here), text);
  }

  /** Line by line what the last commands said: `…` is anything. */
  #saw(text: string): void {
    const form = this.#here(text)
      .trimEnd()
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    expect(this.said).toMatch(new RegExp(form.replaceAll('…', '[^]*?').replaceAll('\n', '\r?\n')));
  }
}

export interface SessionOptions {
  /** What `bearerway` finds in its environment, and no other program does. */
  readonly env?: Readonly<Record<string, string>>;
  /** From what a page says to what it is here. */
  readonly places?: Readonly<Record<string, string>>;
}

/** A session in which `bearerway` is the command of this checkout. */
export async function openSession({ env = {}, places = {} }: SessionOptions = {}): Promise<Session> {
  const session = new Session(await folder(), places);
  const given = Object.entries(env).map(([name, value]) => `export ${name}="\${${name}:-${value}}"\n`);
  await program(session, 'bearerway', `${given.join('')}exec ${process.execPath} ${main} "$@"\n`);
  return session;
}

/** Puts a program into the session, which the shell runs. */
export async function program({ folder: place }: Session, name: string, script: string): Promise<void> {
  const file = join(place, 'bin', name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${script}`);
  await chmod(file, 0o755);
}

function portOf(text: string): number {
  return Number(/:(\d+)\b/.exec(text)?.[1]);
}

function withFreePorts(proxyYaml: string): string {
  const document = parseDocument(proxyYaml);
  if (document.getIn(['listen', 'socket']) === undefined) document.setIn(['listen', 'port'], 0);
  document.setIn(['admin', 'port'], 0);
  return document.toString();
}

/** Whether a page's programs are here; what is missing is said. */
export function areInstalled(...programs: readonly string[]): boolean {
  const missing = programs.filter((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).error !== undefined);
  if (missing.length > 0) console.info(`${missing.join(', ')}: not installed; pages that need it are NOT tested.`);
  return missing.length === 0;
}
