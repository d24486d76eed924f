/** A worker ended before it served anybody. */
export class WorkerError extends Error {}
