import { styleText } from 'node:util';

/** Puts a style on a text, where whoever reads can be shown one. */
export type Paint = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', text: string) => string;

type Environment = Readonly<Record<string, string | undefined>>;

/** On a terminal, unless NO_COLOR (no-color.org) forbids it; FORCE_COLOR is stronger than both. Empty variables count as none. */
export function paintOn(stream: { readonly isTTY?: boolean }, env: Environment): Paint {
  return isColoured(stream, env)
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;
}

export function isColoured({ isTTY }: { readonly isTTY?: boolean }, env: Environment): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: forbidden, TERM: terminal } = env;
  if (forced) return forced !== '0' && forced !== 'false';
  return isTTY === true && !forbidden && terminal !== 'dumb';
}
