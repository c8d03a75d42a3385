/** How long somebody waits for a process that answers. */
import { MaestroError } from "../../../proto/errors.ts";

export interface Patience {
  readonly deadline_ms?: number;
  readonly signal?: AbortSignal;
}

export const gaveUp = (what: string, signal: AbortSignal): MaestroError => new MaestroError("request.cancelled", `stopped waiting for ${what}`, { cause: signal.reason });

/** Whatever `work` does goes on. Throws `models.busy` at `until_ms` of the monotonic clock, and `request.cancelled` for the signal. */
export async function patiently(work: Promise<unknown>, what: string, until_ms: number | undefined, signal: AbortSignal | undefined): Promise<void> {
  const left = Promise.withResolvers<never>();
  const cancel = (): void => void (signal !== undefined && left.reject(gaveUp(what, signal)));
  const timer = until_ms === undefined ? undefined : setTimeout(() => left.reject(new MaestroError("models.busy", `${what} was not ready in time: it is being loaded, or waits for its place`)), Math.max(0, until_ms - performance.now()));
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    await Promise.race([work, left.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  }
}
