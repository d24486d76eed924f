/** Something that went wrong while running, in words for the person at the terminal: what, and what to do. */
export class Complaint extends Error {}

/** The words of a command are wrong, in the same manner. */
export class Usage extends Error {}

/** What the system's errors tell of where; a look-up that failed has a host name only. */
interface Place {
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
}

/** The complaint about a port that cannot be had; any other error as it is. */
export function aboutPort(error: unknown, what: string, remedy: string): unknown {
  const { code, address, hostname, port } = error as NodeJS.ErrnoException & Place;
  const host = address ?? hostname;
  const place = `${host?.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
  if (code === 'EADDRINUSE')
    return new Complaint(`${what} cannot listen on ${place}: another program does. Stop that, or ${remedy}.`);
  if (code === 'EACCES')
    return new Complaint(`${what} may not listen on ${place}. Ports below 1024 need a privilege: ${remedy}.`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new Complaint(
      `${what} cannot listen on ${place}: this machine has no such address. Choose one that it has.`,
    );
  }
  return error;
}

/** The complaint about the file of a unix socket that cannot be had; any other error as it is. */
export function aboutSocket(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const whys: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there. Stop that, or set another with listen.socket.',
    EEXIST: 'there is a file, and no socket. Remove it if nobody needs it, or set another with listen.socket.',
    ENOENT: 'there is no such folder. Make it, or set another with listen.socket.',
    EACCES: 'the folder may not be written to. Choose one with listen.socket that may.',
    EPERM: 'what stands there belongs to somebody else. Choose another with listen.socket.',
    EROFS: 'the folder may not be written to. Choose one with listen.socket that may.',
  };
  const why = code === undefined ? undefined : whys[code];
  return why === undefined ? error : new Complaint(`the proxy cannot listen on ${path}: ${why}`);
}
