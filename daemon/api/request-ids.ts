import { toBase32 } from "../../proto/encoding.ts";
import type { Random } from "../platform/random.ts";

/** 40 bits tell one run of the daemon from another. */
const PREFIX_BYTES = 5;

/** Ids that sort by arrival within one run of the daemon. None is taken from a client: it could forge another's line in the log. */
export function requestIds(random: Random): () => string {
  const prefix = toBase32(random.bytes(PREFIX_BYTES));
  let count = 0;
  return () => `${prefix}-${(count += 1)}`;
}
