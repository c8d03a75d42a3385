/** A learned policy as it stands in a change: whether it is one, of which router, and under what digest. Runs in a check process; the core checks it against the router once more. */
import { Value } from "@sinclair/typebox/value";
import { canonicalNumbers, parseStrict } from "../../../../proto/canonical.ts";
import { MaestroError } from "../../../../proto/errors.ts";
import { LEARNED_BYTES_MAX } from "../../../../proto/learned.ts";
import { RoutingPolicy } from "../../../../proto/routing-policy.ts";

const DEPTH_MAX = 8;

export interface PolicyDocument {
  readonly policy: RoutingPolicy;
  readonly digest: string;
}

/** One document of one router, or in one sentence why it is none. */
export function policyDocument(bytes: Uint8Array, router: string): PolicyDocument | { readonly problem: string } {
  let document: unknown;
  try {
    document = parseStrict(bytes, { bytes_max: LEARNED_BYTES_MAX, depth_max: DEPTH_MAX, fractions: true });
  } catch (error) {
    if (error instanceof MaestroError) return { problem: `it is no JSON document: ${error.detail}` };
    throw error;
  }
  if (!Value.Check(RoutingPolicy, document)) {
    const first = Value.Errors(RoutingPolicy, document).First();
    return { problem: `it is no routing policy: ${first?.path ?? ""} ${first?.message ?? ""}` };
  }
  if (document.router !== router) return { problem: `it is a policy of the router ${document.router}, and this file is of ${router}` };
  return { policy: document, digest: Bun.SHA256.hash(canonicalNumbers(document), "hex") };
}
