/** What the admin port serves: guard → page → answer. */
import { asFailure, Failure, problem } from '../errors.ts';
import type { Answer, AnswerFlow, AnswerHead, Asked, Handler, InboundRequest } from '../exchange.ts';
import { Fields } from '../fields.ts';
import type { StopSignal } from '../stop.ts';

/** What a page says when it says it all at once. */
export interface Content {
  readonly status: number;
  readonly reason: string;
  /** The media type. */
  readonly type: string;
  readonly body: string;
  /** More fields of the answer: name, value, … */
  readonly fields?: readonly string[];
}

/** A request for a page that may be answered. */
export interface Visit {
  /** What stands in the path where the page's own has a `*`, decoded. */
  readonly name: string;
  readonly request: InboundRequest;
  /** For a page that answers piece by piece. */
  readonly answer: Answer;
  /** Aborted when the client has left. */
  readonly signal: StopSignal;
}

export interface Page {
  /** HEAD is answered wherever GET is. */
  readonly method: 'GET' | 'POST';
  /** Whole; a segment `*` stands for a name. */
  readonly path: string;
  /** For whoever reaches the port: it knows nothing but whether all is well, and how much. */
  readonly open: boolean;
  /** A browser shows it, and is to ask its user for the client token. Left out: programs ask for it. */
  readonly browsed?: boolean;
  /** Undefined: it answers by itself, piece by piece. A failure thrown becomes the answer. */
  visit(visit: Visit): Content | undefined | Promise<Content | undefined>;
}

export interface PageHandlerOptions {
  readonly pages: readonly Page[];
  /** Gives the path that a request is for; throws the Failure that answers one that it does not let through. */
  readonly guard: (request: InboundRequest) => string;
  readonly newId: () => string;
  /** Hears of each failure that was an answer. */
  readonly failed: (failure: Failure, client: string) => void;
}

/** Nothing to hold back: what is not whole at once minds its pace itself. */
const unheld: AnswerFlow = { resume() {}, cancel() {} };

export class PageHandler implements Handler {
  readonly #options: PageHandlerOptions;

  constructor(options: PageHandlerOptions) {
    this.#options = options;
  }

  readonly serve: Handler['serve'] = (request, answer, signal) => {
    this.#serve(request, answer, signal).catch((thrown) => {
      if (!signal.aborted) this.#fail(asFailure(thrown), request, answer);
    });
  };

  readonly refuse: Handler['refuse'] = (failure, asked, answer) => this.#fail(failure, asked, answer);

  async #serve(request: InboundRequest, answer: Answer, signal: StopSignal): Promise<void> {
    const asIs = pathOf(request.target);
    const open = this.#at(asIs).filter((page) => page.open);
    const path = open.length > 0 ? asIs : this.#options.guard(request);
    const there = open.length > 0 ? open : this.#at(path);
    if (there.length === 0) throw new Failure('no_route', `the admin port has no such page (${this.#paths()})`);
    const page = there.find(({ method }) => method === request.method || (method === 'GET' && isHead(request)));
    if (page === undefined) {
      const allow = there.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
      throw new Failure('method_denied', `this page allows ${allow.join(', ')}`, { allow });
    }
    const content = await page.visit({ name: nameIn(path, page.path), request, answer, signal });
    if (content !== undefined && !signal.aborted) say(answer, content);
  }

  #at(path: string): Page[] {
    return this.#options.pages.filter((page) => matches(path, page.path));
  }

  #paths(): string {
    return this.#options.pages.map(({ path }) => path.replace('*', 'NAME')).join(', ');
  }

  #fail(failure: Failure, { client, target }: Asked, answer: Answer): void {
    this.#options.failed(failure, client);
    const { status, reason, fields, body } = problem(failure, this.#options.newId());
    const asksUser = failure.code === 'client_unauthorized' && this.#at(pathOf(target)).some(({ browsed }) => browsed);
    answer.head(asksUser ? unauthorized(fields) : { status, reason, fields }, unheld);
    answer.data(body);
    answer.end(Fields.none);
  }
}

/** A browser asks its user, and then sends the token as a password, upon this status alone (RFC 9110 §11.6.1). */
function unauthorized(fields: Fields): AnswerHead {
  return { status: 401, reason: 'Unauthorized', fields: fields.with('WWW-Authenticate', 'Basic realm="bearerway"') };
}

function say(answer: Answer, { status, reason, type, body, fields = [] }: Content): void {
  const bytes = Buffer.from(body);
  answer.head(
    { status, reason, fields: pageFields(type).with('Content-Length', `${bytes.length}`, ...fields) },
    unheld,
  );
  answer.data(bytes);
  answer.end(Fields.none);
}

/** Those of every page. */
export function pageFields(type: string): Fields {
  return new Fields(['Content-Type', type, 'Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff']);
}

/** A page in JSON. */
export function json(value: unknown, status: 200 | 503 = 200): Content {
  const reason = status === 200 ? 'OK' : 'Service Unavailable';
  return { status, reason, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}

function isHead({ method }: InboundRequest): boolean {
  return method === 'HEAD';
}

function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? '';
}

function matches(path: string, pattern: string): boolean {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return path === pattern;
  const fits = path.startsWith(before) && path.endsWith(after) && path.length > before.length + after.length;
  return fits && !path.slice(before.length, path.length - after.length).includes('/');
}

/** What cannot be decoded names nothing. */
function nameIn(path: string, pattern: string): string {
  const [before = '', after] = pattern.split('*');
  if (after === undefined) return '';
  try {
    return decodeURIComponent(path.slice(before.length, path.length - after.length));
  } catch {
    return '';
  }
}
