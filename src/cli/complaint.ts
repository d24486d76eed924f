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
