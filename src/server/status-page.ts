/** The status page: files for a browser, which gets all else from the other pages. */
import { readFile } from 'node:fs/promises';
import { Failure } from '../errors.ts';
import type { Content, Page } from './pages.ts';

const ROOT = 'index.html';
/** Media types, by name. */
const files: ReadonlyMap<string, string> = new Map([
  [ROOT, 'text/html; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
  ['page.css', 'text/css; charset=utf-8'],
  ...['page', 'connection', 'credentials', 'elements', 'headline', 'requests', 'routes', 'words'].map(
    (name) => [`${name}.js`, 'text/javascript; charset=utf-8'] as const,
  ),
]);
/** Beside this file, in `src` and in `dist`. */
const folder = new URL('page/', import.meta.url);

/** Nothing from elsewhere, nothing inline, in nobody's frame. */
const policy = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'connect-src'].map((directive) => `${directive} 'self'`),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((directive) => `${directive} 'none'`),
].join('; ');
const fields: readonly string[] = [
  ...['Content-Security-Policy', policy],
  ...['Referrer-Policy', 'no-referrer'],
  ...['Cross-Origin-Opener-Policy', 'same-origin'],
  ...['Cross-Origin-Resource-Policy', 'same-origin'],
];

/** They are read whenever they are asked for: who never looks at them pays nothing. */
export const statusPages: readonly Page[] = [
  { method: 'GET', path: '/', open: false, browsed: true, visit: () => contentOf(ROOT) },
  { method: 'GET', path: '/page/*', open: false, browsed: true, visit: ({ name }) => contentOf(name) },
];

async function contentOf(name: string): Promise<Content> {
  const type = files.get(name);
  // In `dist` the scripts are one.
  const body = type === undefined ? undefined : await readFile(new URL(name, folder), 'utf8').catch(() => undefined);
  if (type === undefined || body === undefined) throw new Failure('no_route', 'the status page has no such file');
  return { status: 200, reason: 'OK', type, body, fields };
}
