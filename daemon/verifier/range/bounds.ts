/** Whose word the bounds are: the prover never chooses them. */
import { sha256 } from "@noble/hashes/sha2.js";
import { Type, type Static } from "@sinclair/typebox";
import { canonicalText } from "../../../proto/canonical.ts";
import { exactlyAt } from "../../../proto/decimal.ts";
import { concatBytes, toBase32, utf8 } from "../../../proto/encoding.ts";
import { GAIN_BITS_DEFAULT, GAIN_SCALE, gainName } from "../../../proto/learned.ts";
import type { ObligationLeaf } from "../../../proto/manifest.ts";
import { RANGE_BITS_DEFAULT, RangeBitsSchema, type VerifiedRange } from "../../../proto/range.ts";
import { Scale } from "../../../proto/scalar.ts";
import { readDocument } from "../schema.ts";
import { pass, stop, type Step } from "../step.ts";

/** The document that travels wherever a number is hidden: the configuration whose digest is `identity.config`. */
export const CONFIG_DOCUMENT = "config/effective.json";

const CONFIG_LIMITS = { bytes_max: 8 * 1024 * 1024, depth_max: 16 } as const;

/** Of one obligation's rule what fixes the statement; what else a newer release writes there is of no weight here. */
const Rule = Type.Object({
  unit: Type.Optional(Type.String()),
  scale: Type.Optional(Scale),
  min: Type.Optional(Type.String({ maxLength: 64 })),
  max: Type.Optional(Type.String({ maxLength: 64 })),
  hide: Type.Optional(Type.Boolean()),
  hide_bits: Type.Optional(RangeBitsSchema),
});
const Policy = Type.Object({ router: Type.String({ maxLength: 64 }), min: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]), hide: Type.Optional(Type.Boolean()), hide_bits: Type.Optional(RangeBitsSchema) });
const ConfigRecord = Type.Object({ type: Type.Literal("config"), v: Type.Literal(1), body: Type.Object({ obligations: Type.Record(Type.String(), Rule), learned: Type.Optional(Type.Array(Policy)) }) });

/** Gains of learned policies, as `GateConfig` has them. */
function gainRules(learned: readonly Static<typeof Policy>[]): Bounds["rules"] {
  return Object.fromEntries(learned.map(({ router, min, hide, hide_bits = GAIN_BITS_DEFAULT }) => [gainName(router), { unit: "reward", scale: GAIN_SCALE, ...(min === null ? {} : { min }), hide: hide === true, hide_bits }]));
}

export interface Bounds {
  readonly from: VerifiedRange["bounds"];
  readonly rules: Readonly<Record<string, Static<typeof Rule>>>;
}

/** `given` is the auditor's own copy; `carried` the document in the bundle, which must be the one that the identity names. */
export function boundsFrom(identity_config: string, carried: Uint8Array | null, given: Uint8Array | null): Step<Bounds | null> {
  const bytes = given ?? carried;
  if (bytes === null) return pass(null);
  if (given === null) {
    const digest = `config:${toBase32(sha256(concatBytes(utf8("maestro/v1/config\0"), bytes)))}`;
    if (digest !== identity_config) return stop("range.bounds", "the configuration in the bundle is not the one that the identity names");
  }
  const document = readDocument(ConfigRecord, bytes, CONFIG_LIMITS);
  if ("because" in document) return stop("range.bounds", `the configuration cannot be read: ${document.because}`);
  return pass({ from: given === null ? "configuration" : "given", rules: { ...gainRules(document.value.body.learned ?? []), ...document.value.body.obligations } });
}

/** The leaf says the very bounds, unit and bits of the configuration; anything else would let a prover choose them. */
export function checkBounds({ name, unit, scale, min, max, hidden }: ObligationLeaf, { rules }: Bounds): Step<null> {
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (rule === undefined) return stop("range.bounds", `the configuration asks for no ${name}`);
  if (rule.hide !== true) return stop("range.bounds", `the configuration does not hide ${name}`);
  const at = rule.scale ?? 0;
  const of = (text: string | undefined): string | null => (text === undefined ? null : exactlyAt(text, at));
  // A bound that cannot be met exactly is none, and must not pass for one that was never asked for.
  const lost = [rule.min, rule.max].find((text) => text !== undefined && of(text) === null);
  if (lost !== undefined) return stop("range.bounds", `the configuration's bound of ${name} is no decimal of scale ${at}`);
  const wanted = { unit: rule.unit ?? null, scale: at, min: of(rule.min), max: of(rule.max), bits: rule.hide_bits ?? RANGE_BITS_DEFAULT };
  const said = { unit, scale, min, max, bits: hidden?.bits ?? null };
  return canonicalText(wanted) === canonicalText(said) ? pass(null) : stop("range.bounds", `${name} was proved against other bounds than the configuration's: ${canonicalText(said)}, not ${canonicalText(wanted)}`);
}
