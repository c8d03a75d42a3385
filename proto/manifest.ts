import { Type, type Static } from "@sinclair/typebox";
import { Observer } from "./actor.ts";
import { Attempt, GateId, Identity } from "./change.ts";
import { Result } from "./outcome.ts";
import { Commitment, HiddenLeaf } from "./range.ts";
import { RecordId } from "./record.ts";
import { Choice, Closed, Decimal, Scale, Sha256Hex, ShortText } from "./scalar.ts";

export const LEAF_SCHEMA = "maestro/leaf/v3";

const name = Type.String({ pattern: "^[a-z][a-z0-9./_-]*$", maxLength: 128 });
const salt = Type.String({ pattern: "^[A-Za-z0-9+/]{21}[AQgw]==$", description: "16 bytes, so that a low-entropy value cannot be guessed from a sibling hash" });

/** Leaf 0: what the tree is about and how many leaves it has. It sorts first by construction, not by name. */
export const IdentityLeaf = Closed({
  v: Type.Literal(3),
  gate_id: GateId,
  kind: Type.Literal("identity"),
  schema: Type.Literal(LEAF_SCHEMA),
  leaf_count: Type.Integer({ minimum: 1, maximum: 100_000 }),
  identity: Identity,
  attempt: Attempt,
  salt,
});
export type IdentityLeaf = Static<typeof IdentityLeaf>;

/** One fact the verdict rests on. Sorted by (component, kind, name); duplicates are refused. */
export const ObligationLeaf = Closed({
  v: Type.Literal(3),
  gate_id: GateId,
  component: name,
  kind: Choice(["check", "rule", "document", "numeric", "boolean"]),
  name,
  outcome: Type.Union([Result, Choice(["admit", "refuse", "hold", "recorded"])]),
  observer: Observer,
  value: Type.Union([Decimal, Type.Null()]),
  commitment: Type.Union([Commitment, Type.Null()], { description: "in place of value where the number stays hidden" }),
  hidden: Type.Optional(HiddenLeaf),
  unit: Type.Union([Type.String({ maxLength: 32 }), Type.Null()]),
  scale: Scale,
  min: Type.Union([Decimal, Type.Null()]),
  max: Type.Union([Decimal, Type.Null()]),
  source_mac: Type.Union([Sha256Hex, Type.Null()], { description: "HMAC over the document the leaf speaks for" }),
  source_sha256: Type.Union([Sha256Hex, Type.Null()], { description: "its plain digest, where the document travels in the bundle" }),
  tool: ShortText,
  policy: RecordId("policy"),
  coverage_gap: Type.Union([ShortText, Type.Null()], { description: "what was not looked at" }),
  salt,
});
export type ObligationLeaf = Static<typeof ObligationLeaf>;

export const Leaf = Type.Union([IdentityLeaf, ObligationLeaf]);
export type Leaf = Static<typeof Leaf>;

/** A leaf in a bundle: shown, or hidden behind its RFC 6962 leaf hash. */
export const LeafSlot = Type.Union([Closed({ leaf: Leaf }), Closed({ hash: Sha256Hex })]);
export type LeafSlot = Static<typeof LeafSlot>;

/** The RFC 6962 tree over all obligations ("CE manifest v3"). Leaf data is the leaf's canonical bytes. */
export const Manifest = Closed({
  v: Type.Literal(3),
  gate_id: GateId,
  root: Sha256Hex,
  leaves: Type.Array(LeafSlot, { minItems: 1, maxItems: 100_000 }),
});
export type Manifest = Static<typeof Manifest>;
