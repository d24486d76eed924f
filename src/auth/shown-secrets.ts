import { Failure } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { unlessAborted } from './unless-aborted.ts';

/** A secret as it is read for each token request. */
export interface NamedSecret {
  /** As it is told when it cannot be read: `client secret`. */
  readonly name: string;
  readonly rotates: boolean;
  read(): Promise<Secret>;
}

/** What one credential showed last of its secrets. */
export class ShownSecrets {
  readonly #sources: readonly NamedSecret[];
  readonly #shown = new Map<NamedSecret, Secret>();
  readonly #readings = new Map<NamedSecret, Promise<Secret>>();

  constructor(sources: readonly NamedSecret[]) {
    this.#sources = sources.filter(({ rotates }) => rotates);
  }

  /** None of them ever becomes another one. */
  get fixed(): boolean {
    return this.#sources.length === 0;
  }

  /** The secret as it is now, remembered as shown. Rejects with a Failure, `token_unavailable`. */
  async read(source: NamedSecret, deadline: AbortSignal): Promise<string> {
    try {
      const secret = await unlessAborted(this.#reading(source), deadline);
      this.#shown.set(source, secret);
      return secret.reveal();
    } catch (cause) {
      throw new Failure('token_unavailable', `the ${source.name} cannot be read`, { cause });
    }
  }

  /** Whether one of them is another now; one that cannot be read is not. */
  async changed(deadline: AbortSignal): Promise<boolean> {
    const changes = this.#sources.map(async (source) => {
      const now = await unlessAborted(this.#reading(source), deadline).catch(() => undefined);
      return now !== undefined && now.reveal() !== this.#shown.get(source)?.reveal();
    });
    return (await Promise.all(changes)).includes(true);
  }

  /** One that does not end is not begun a second time: each would hold one of the few threads for files. */
  #reading(source: NamedSecret): Promise<Secret> {
    const reading = this.#readings.get(source) ?? source.read().finally(() => this.#readings.delete(source));
    this.#readings.set(source, reading);
    return reading;
  }
}

/** A source with its name. */
export function named(name: string, source: Omit<NamedSecret, 'name'>): NamedSecret {
  return { name, rotates: source.rotates, read: () => source.read() };
}
