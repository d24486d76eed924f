/** What listens somewhere. */
export interface Opened<T> {
  readonly value: T;
  /** Lets the place go again, as if it had never been taken; what was there before is there again. */
  undo(): Promise<void>;
}

export interface Move<T> {
  /** Takes the next place. Rejects with the system's error. */
  readonly open: () => Promise<T>;
  /** Lets it go again. */
  readonly close: (opened: T) => Promise<void>;
  /** Lets the place before go at once, if that may be what is in the way. */
  readonly makeRoom: (() => Promise<void>) | undefined;
  /** Takes the place before again. */
  readonly comeBack: () => Promise<void>;
}

/**
 * Opens what is to listen in the place of something else, beside it; where both cannot be at once, that one makes room,
 * and comes back if the next place cannot be had.
 */
export async function moved<T>({ open, close, makeRoom, comeBack }: Move<T>): Promise<Opened<T>> {
  try {
    const value = await open();
    return { value, undo: () => close(value) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || makeRoom === undefined) throw error;
  }
  await makeRoom();
  try {
    const value = await open();
    return {
      value,
      async undo() {
        await close(value);
        await comeBack();
      },
    };
  } catch (error) {
    await comeBack();
    throw error;
  }
}
