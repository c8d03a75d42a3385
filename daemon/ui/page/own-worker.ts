/** A worker made of the page's own script: a page opened from disk may load no other. */
import type { TrustedTypes } from "./dom.ts";

declare const trustedTypes: TrustedTypes | undefined;

/** A policy of one name can be made once, and a page may start another worker. */
let policy: ReturnType<TrustedTypes["createPolicy"]> | null = null;

/** `null` where the browser refuses. */
export function workerOf(script: string): Worker | null {
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  try {
    if (policy === null && typeof trustedTypes !== "undefined") policy = trustedTypes.createPolicy("worker", { createScriptURL: (own) => own });
    return new Worker(policy === null ? url : policy.createScriptURL(url));
  } catch (cause) {
    if (cause instanceof Error) return null;
    throw cause;
  }
}
