import { MaestroError } from "../../proto/errors.ts";

/** What `work` comes to, or `request.cancelled` as soon as the signal says that nobody waits for it. */
export async function leavingAt<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const left = Promise.withResolvers<never>();
  const leave = () => left.reject(new MaestroError("request.cancelled", "the client left"));
  if (signal.aborted) leave();
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([work, left.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
