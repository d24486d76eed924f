import { connectRaw, type RawConnection } from './client.ts';
import type { RunningProxy } from './proxy.ts';

export interface SeenEvent {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

/** Somebody who listens to server-sent events. */
export class EventStream {
  readonly connection: RawConnection;

  constructor(connection: RawConnection) {
    this.connection = connection;
  }

  /** Those that have come whole. The answer is in chunks of whole events. */
  get seen(): SeenEvent[] {
    const events = this.connection.received.matchAll(/event: (\w+)\ndata: (.*)\n\n/g);
    return [...events].map(([, name = '', data = '']) => ({ name, data: JSON.parse(data) }));
  }

  of(name: string): Record<string, unknown>[] {
    return this.seen.filter((event) => event.name === name).map(({ data }) => data);
  }

  /** Resolves when so many of that name have come. */
  async until(name: string, count: number): Promise<Record<string, unknown>[]> {
    await this.connection.until(() => this.of(name).length >= count);
    return this.of(name);
  }
}

/** Resolves when the first event has come. */
export function listen(proxy: RunningProxy): Promise<EventStream> {
  return listenAt(proxy.app.admin?.port ?? 0);
}

/** The same by the number of the admin port. */
export async function listenAt(port: number): Promise<EventStream> {
  const stream = new EventStream(await connectRaw(port));
  stream.connection.send('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await stream.until('status', 1);
  return stream;
}
