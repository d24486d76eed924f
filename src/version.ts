import { readFileSync } from 'node:fs';

// Beside `src` as beside `dist`: the package's own file.
const { version: own } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const version: string = own;
