/** Submits one checkpoint to one witness that the helper's own table names. */
import type { CosignJob, CosignReply } from "../../proto/egress.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { WitnessEntry } from "../../proto/witness.ts";
import { isLocal } from "../config/witnesses.ts";
import { post } from "../platform/post.ts";

/** 32 post-quantum cosignatures fit. */
const REPLY_BYTES_MAX = 128 * 1024;

/** Throws `egress.failed`, `egress.timeout`, and `request.not_found` for a witness the table does not name: the core is not believed either. */
export async function cosign(witnesses: readonly WitnessEntry[], { witness, body, deadline_ms }: CosignJob): Promise<CosignReply> {
  const entry = witnesses.find(({ name }) => name === witness);
  if (entry === undefined || isLocal(entry)) throw new MaestroError("request.not_found", `no witness ${witness} with an address stands in the operator table`);
  const url = `${entry.url.replace(/\/+$/, "")}/add-checkpoint`;
  const { status, type, text } = await post({ url, who: new URL(url).host, body, deadline_ms, reply_bytes_max: REPLY_BYTES_MAX });
  return { kind: "cosign", status, type: type.slice(0, 200), text };
}
