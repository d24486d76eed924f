import { createInterface, type Interface } from 'node:readline/promises';
import { Complaint } from '../complaint.ts';
import type { Process } from '../process.ts';

export interface Question {
  /** Shown before it, once: what there is to choose from. */
  readonly choice?: string;
  readonly text: string;
  /** What an empty answer means, in words. */
  readonly otherwise?: string;
  /** What is wrong with an answer; undefined: nothing. It is asked again then. */
  readonly problem?: (answer: string) => string | undefined;
}

/** Questions to the person at the terminal, one at a time. */
export class Questions {
  readonly #lines: Interface;
  readonly #output: Process['stderr'];
  readonly #gone = new AbortController();

  constructor({ stdin, stderr }: Pick<Process, 'stdin' | 'stderr'>) {
    this.#output = stderr;
    this.#lines = createInterface({ input: stdin, output: stderr });
    // Ctrl-C and Ctrl-D: a question that is open would never be answered.
    this.#lines.on('close', () => this.#gone.abort());
  }

  /** The answer, '' for none. Rejects with a Complaint when the person has gone. */
  async ask({ choice = '', text, otherwise, problem }: Question): Promise<string> {
    this.#output.write(choice);
    const prompt = `${text}${otherwise === undefined ? '' : ` [${otherwise}]`}: `;
    for (;;) {
      const answer = await this.#line(prompt);
      const wrong = answer === '' && otherwise !== undefined ? undefined : problem?.(answer);
      if (wrong === undefined) return answer;
      this.#output.write(`  this ${wrong}\n`);
    }
  }

  async #line(prompt: string): Promise<string> {
    try {
      return (await this.#lines.question(prompt, { signal: this.#gone.signal })).trim();
    } catch (error) {
      if (this.#gone.signal.aborted) throw new Complaint('nothing was written');
      throw error;
    }
  }

  close(): void {
    this.#lines.close();
  }
}
