import type { DestinationStream } from 'pino';
import { prettyFactory } from 'pino-pretty';

/** Members that stand in the words of a line already, or that only a program wants. */
const TOLD =
  'requestId,client,method,path,route,status,durationMs,upstreamMs,bytesIn,bytesOut,retry,credential,error,reason';

/** For people: a line of words for each line of JSON. */
export function prettyLines(destination: DestinationStream, colorize: boolean): DestinationStream {
  const inWords = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    errorLikeObjectKeys: [],
    ignore: TOLD,
    messageFormat: (line) => `${line['msg'] === 'request' ? request(line) : change(line)}${fault(line)}${whose(line)}`,
  });
  return {
    write(lines) {
      // Each still has its newline.
      for (const line of lines.split(/(?<=\n)/)) destination.write(inWords(line));
    },
  };
}

type Line = Readonly<Record<string, unknown>>;

function request({ method, path = '', status, durationMs, retry }: Line): string {
  const sentAgain = retry === undefined ? '' : `, retry ${retry}`;
  return `${method} ${path} → ${status} in ${Math.round(Number(durationMs))} ms${sentAgain}`;
}

/** Whoever has the answer to a request that came to nothing looks for its `requestId`. */
function whose({ msg, error, ...line }: Line): string {
  if (msg !== 'request' || error === undefined) return '';
  const known = ['credential', 'client', 'requestId'].filter((name) => line[name] !== undefined);
  return known.map((name) => ` ${name}=${line[name]}`).join('');
}

function change({ credential, msg }: Line): string {
  return credential === undefined ? `${msg}` : `${credential}: ${msg}`;
}

function fault({ error, reason }: Line): string {
  return error === undefined ? '' : ` (${error}${reason === undefined ? '' : `: ${reason}`})`;
}
