/** Preloaded into the process that is soaked: answers each message with what is in it, garbage left out. */
export interface Inside {
  readonly heapMiB: number;
  /** Kinds of what keeps the event loop busy, as Node names them: sockets, timers, requests under way. */
  readonly resources: readonly string[];
}

process.on('message', () => {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.();
  const inside: Inside = {
    heapMiB: process.memoryUsage().heapUsed / 1024 ** 2,
    resources: process.getActiveResourcesInfo().toSorted(),
  };
  process.send?.(inside);
});
// It must not keep the process alive.
process.channel?.unref();
