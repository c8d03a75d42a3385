/** An end to work that may wait for somebody else: a hook without an answer is, to most agents, a yes. */
import { MaestroError } from "../../../proto/errors.ts";

/** What `work` comes to, or `request.timeout`. What was begun is not taken back; whoever calls ends the process. */
export async function within<T>(deadline_ms: number, work: () => Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new MaestroError("request.timeout", `no answer within ${Math.round(deadline_ms)} ms`)), deadline_ms);
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
