type Write = (members: Readonly<Record<string, unknown>>, message: string) => void;

/** What takes the log: a pino, or whatever is called as it is. */
export interface Logger {
  readonly trace: Write;
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}
