/** What decided, by its digest, so that a decision can be drawn again after the configuration has changed; as long as episodes are kept that it decided. */
import { Type } from "@sinclair/typebox";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { RouterEntry } from "../../../proto/routing.ts";
import type { RoutingPolicy } from "../../../proto/routing-policy.ts";
import { Closed, Count } from "../../../proto/scalar.ts";
import type { Store } from "../../store/db.ts";
import type { Decider } from "./decide.ts";
import { digestOf } from "./policy.ts";
import { cellsOf } from "./propensities.ts";

/** One LMDB value holds 2 KiB, framing included. */
const PART_BYTES = 1_800;
const Part = Closed({ bytes: Type.Uint8Array({ maxByteLength: PART_BYTES }) });
const UsedRow = Closed({ at_ms: Count });
/** When something decided last is kept no finer than this, so that most requests write nothing of it. */
const USED_MS = 3_600_000;

interface Written {
  readonly router: RouterEntry;
  readonly policy: RoutingPolicy | null;
}

/** Where a policy comes from decides nothing. */
function writtenOf({ router, policy }: Decider): Written {
  const { policy_file: _, policy_digest: __, ...decides } = router;
  return { router: decides, policy: policy?.document ?? null };
}

export const deciderDigest = (decider: Decider): string => digestOf(writtenOf(decider));

export interface Kept {
  /** Inside a transaction; once for each digest, and when it decided last. */
  put(digest: string, decider: Decider, at_ms: number): void;
  /** Null where it was never kept. Throws `store.corrupt` where it is another one. */
  get(digest: string): Decider | null;
  /** What decided nothing after that time. */
  unused(before_ms: number): string[];
  /** Inside a transaction. */
  forget(digest: string): void;
}

export function openKept(store: Pick<Store, "table">): Kept {
  const parts = store.table<readonly [string, number], typeof Part>("routing.deciders", Part);
  const used = store.table<string, typeof UsedRow>("routing.used", UsedRow);
  let read: { readonly digest: string; readonly decider: Decider } | null = null;
  return {
    put(digest, decider, at_ms) {
      if (at_ms - (used.get(digest)?.at_ms ?? -USED_MS) >= USED_MS) used.put(digest, { at_ms });
      if (parts.get([digest, 0]) !== undefined) return;
      const packed = Bun.gzipSync(canonicalNumbers(writtenOf(decider)));
      for (let at = 0, part = 0; at < packed.length; at += PART_BYTES) parts.put([digest, part++], { bytes: packed.slice(at, at + PART_BYTES) });
    },
    get(digest) {
      if (read?.digest === digest) return read.decider;
      const pieces = [...parts.entries({ start: [digest, 0], end: [digest, Number.MAX_SAFE_INTEGER] })].map(({ value }) => value.bytes);
      if (pieces.length === 0) return null;
      const text = fromUtf8(Bun.gunzipSync(Buffer.concat(pieces)));
      if (text === null || Bun.SHA256.hash(text, "hex") !== digest) throw new MaestroError("store.corrupt", `what decided under ${digest} is not what was kept`);
      // Each piece carries its hash, and the whole is what `put` wrote.
      const { router, policy } = JSON.parse(text) as Written;
      const decider = { router, policy: policy === null ? null : { document: policy, cells: cellsOf(policy) } };
      read = { digest, decider };
      return decider;
    },
    unused: (before_ms) => [...used.entries()].filter(({ value: { at_ms } }) => at_ms + USED_MS < before_ms).map(({ key }) => key),
    forget(digest) {
      for (const { key } of [...parts.entries({ start: [digest, 0], end: [digest, Number.MAX_SAFE_INTEGER] })]) parts.remove(key);
      used.remove(digest);
      if (read?.digest === digest) read = null;
    },
  };
}
