/** A program that was asked something, and answers on standard output. */

const LOOK_MS = 500;

/** Aborted once it is told to stop, or nobody is there any more to hear the answer: it may run for minutes for whoever was killed. */
export function untilNobodyAsks(): AbortSignal {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  const asker = process.ppid;
  setInterval(() => {
    if (process.ppid !== asker) stop();
  }, LOOK_MS).unref();
  process.stdout.on("error", stop);
  return abort.signal;
}
