/** A worker made of the page's own script: a page opened from disk may load no other. */
import type { TrustedTypes } from "./dom.ts";

declare const trustedTypes: TrustedTypes | undefined;

/** A browser lets a page make a policy of one name once. */
let policy: ReturnType<TrustedTypes["createPolicy"]> | null = null;

/** `null` where the browser refuses. The worker finds the name as `self.name`, where one script is workers of several kinds. */
export function workerOf(script: string, name = ""): Worker | null {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    if (typeof trustedTypes !== "undefined") policy ??= trustedTypes.createPolicy("worker", { createScriptURL: (own) => own });
    return new Worker(policy === null ? url : policy.createScriptURL(url), { name });
  } catch (cause) {
    if (cause instanceof Error) return null;
    throw cause;
  }
}
