/**
 * SIGTERM or SIGINT asks for a graceful stop, a second one for an immediate
 * stop; `stop` is told which, and is called at most twice. Returns a function
 * that asks as the first signal would.
 */
export function onStopSignals(stop: (immediate: boolean) => void): () => void {
  let asked = 0;
  const ask = (): void => {
    asked += 1;
    if (asked <= 2) stop(asked === 2);
  };
  process.on("SIGTERM", ask);
  process.on("SIGINT", ask);
  return ask;
}
