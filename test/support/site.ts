/** A web site whose pages try things. */
import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { closing, listening } from './server.ts';

/** Starts one that answers everything with a page, or sends the browser on to `?to=`; gives its origin. */
export async function startSite(host: string): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    const to = new URL(url, 'http://site.test').searchParams.get('to');
    const cors = { 'Access-Control-Allow-Origin': '*' };
    if (to !== null) response.writeHead(307, { Location: to, ...cors }).end();
    else response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>site</title>');
  });
  const port = await listening(server);
  onTestFinished(() => closing(server));
  return `http://${host}:${port}`;
}

/** What scripts of pages have at hand. */
const tools = `
  const over = (what, event) => new Promise((resolve) => { what['on' + event] = resolve; });
  const load = (name, attributes) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    const loaded = Promise.race([over(element, 'load'), over(element, 'error')]);
    document.body.append(element);
    return loaded.then(() => {});
  };
  const form = (method, action, enctype = 'application/x-www-form-urlencoded') => {
    const form = Object.assign(document.createElement('form'), { method, action, enctype, target: '_blank' });
    form.append(Object.assign(document.createElement('input'), { name: 'a', value: 'b' }));
    document.body.append(form);
    form.submit();
  };`;

/** The same in a page or a thread of its own, which says when it is done. */
const nested = `
  const inside = (script, done) =>
    tools + 'const target = ' + JSON.stringify(target) + ';(async () => { await ' + script + ' })().catch(() => {}).finally(() => ' + done + ')';
  const inFrame = (script, attributes = {}) => {
    const said = over(window, 'message');
    const html = '<body><script>' + inside(script, "parent.postMessage('done', '*')") + '</' + 'script>';
    load('iframe', { ...attributes, src: 'data:text/html,' + encodeURIComponent(html) });
    return said.then(() => {});
  };
  const inWorker = (script) => {
    const worker = new Worker(URL.createObjectURL(new Blob([inside(script, "postMessage('done')")])));
    return over(worker, 'message').then(() => {});
  };`;

/**
 * Runs the body of an async function in a page. It has `target`; `redirect`, which leads there by way of the page's own
 * site; and the tools above.
 */
export function attempt(page: Page, script: string, target: string): Promise<unknown> {
  const redirect = `${new URL(page.url()).origin}/?to=${encodeURIComponent(target)}`;
  const known = `const target = ${JSON.stringify(target)}, redirect = ${JSON.stringify(redirect)};`;
  return page.evaluate(
    `(async () => { ${known} const tools = ${JSON.stringify(tools)}; ${tools} ${nested} ${script} })()`,
  );
}
