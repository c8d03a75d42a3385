import { MaestroError } from "../../proto/errors.ts";

/**
 * Work of several requests that belong together. An intake lives in the daemon's memory: where the daemon was restarted between two of them, the work
 * is begun again, once. Nothing is lost by that, because what is gated twice is answered with the verdict that stands.
 */
export async function acrossRestart<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MaestroError) || error.code !== "intake.unknown") throw error;
    return work();
  }
}
