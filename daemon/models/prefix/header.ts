/** What stands beside a saved state: whose it is, of what, and the digest of its bytes. Nothing is loaded that does not fit it. */
import { type Static, Type } from "@sinclair/typebox";
import { canonicalText } from "../../../proto/canonical.ts";
import { Choice, Closed, Count, Sha256Hex } from "../../../proto/scalar.ts";
import { TenantId } from "../../../proto/tenant.ts";
import { lazyCheck } from "../../platform/lazy-check.ts";

const STATE_MAGIC = "maestro-prefix-state";
const STATE_VERSION = 1;
/** A context of a million tokens in blocks of 64. */
const CHAIN_MAX = 16_384;

const StateHeader = Closed({
  magic: Choice([STATE_MAGIC]),
  version: Type.Literal(STATE_VERSION),
  /** Digest of the last prefix in `chain`, and the file's name. */
  id: Sha256Hex,
  scope: Sha256Hex,
  tenant: Type.Union([TenantId, Type.Null()]),
  engine: Type.String({ maxLength: 128 }),
  tokens: Type.Integer({ minimum: 1, maximum: 16_777_216 }),
  block: Type.Integer({ minimum: 1, maximum: 65_536 }),
  chain: Type.Array(Sha256Hex, { minItems: 1, maxItems: CHAIN_MAX }),
  cost_us: Count,
  bytes: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  sha256: { ...Sha256Hex, description: "of the state file" },
});
export type StateHeader = Static<typeof StateHeader>;
const check = lazyCheck(StateHeader);

export const newHeader = (said: Omit<StateHeader, "magic" | "version">): StateHeader => ({ magic: STATE_MAGIC, version: STATE_VERSION, ...said });

export const headerText = (header: StateHeader): string => canonicalText(header);

/** Of the text of a header file, or null for anything else. */
export function readHeader(text: string): StateHeader | null {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (!check().Check(said)) return null;
  return said.chain.at(-1) === said.id && said.tokens === said.chain.length * said.block ? said : null;
}
