/** Policies that a repository holds and nobody may replace on their own word, and what a check has asked about a candidate. */
import { Type, type Static } from "@sinclair/typebox";
import { RangeBitsSchema } from "./range.ts";
import { Base64, Choice, Closed, Count, Decimal, Scale, Sha256Hex, ShortText } from "./scalar.ts";

const SEGMENT = "\\.?[A-Za-z0-9_@+~-][A-Za-z0-9._@+~-]*";
const Path = Type.String({ pattern: `^(?:${SEGMENT}/)*${SEGMENT}$`, maxLength: 500, description: "path of a learned policy, as maestro learn fit writes it" });
/** As `RouterId` in routing.ts has it, without its tables: this is read at every start. */
const Router = Type.String({ pattern: "^[a-z][a-z0-9-]{0,62}$", description: "name of the router that it decides for" });

export const LearnedEntry = Closed({
  path: Path,
  router: Router,
  hide: Type.Optional(Type.Boolean({ description: "default false. true: report and numbers stay here; that the gain is within its bound is proved without it" })),
  hide_bits: Type.Optional({ ...RangeBitsSchema, description: "how far from its bound a hidden gain can be shown to lie; default 64" }),
}, { description: "a learned policy" });
export type LearnedEntry = Static<typeof LearnedEntry>;
export const LearnedEntries = Type.Array(LearnedEntry, { maxItems: 16, description: "learned policies that only their evaluation lets in; docs/learned-gate.md" });

/** Of one entry: what its gain is held against. The identity of a gate names it, so no bound is the prover's. */
export const GatedPolicy = Closed({ ...LearnedEntry.properties, min: Type.Union([Type.String({ maxLength: 64, description: "least gain, a decimal" }), Type.Null()], { description: "null: the host knows no such router" }) });
export type GatedPolicy = Static<typeof GatedPolicy>;

/** Units of the reward are written as whole numbers of 10^-9. */
export const GAIN_SCALE = 9;
export const GAIN_BITS_DEFAULT = 64;
export const gainName = (router: string): string => `learning/${router}/gain`;
export const constraintName = (router: string, constraint: string): string => `learning/${router}/constraint/${constraint}`;
export const evaluationName = (router: string): string => `learning/${router}.json`;
/** The same report for a person: text, and a picture. */
export const evaluationFaces = (router: string): { readonly markdown: string; readonly svg: string } => ({ markdown: `learning/${router}.md`, svg: `learning/${router}.svg` });

/** A candidate has to be read by a person, too. */
export const LEARNED_BYTES_MAX = 704 * 1024;

/** A candidate as it stands in a change, to be judged by the daemon's own log. */
export const EvaluationAsk = Closed({ id: Sha256Hex, router: Router, candidate: { ...Type.String({ ...Base64, maxLength: 960 * 1024 }) } });
export type EvaluationAsk = Static<typeof EvaluationAsk>;

/** The report as JSON, or why there is none. */
export const EvaluationRun = Closed({
  id: Sha256Hex,
  router: Router,
  report: Type.Union([Type.String({ maxLength: 256 * 1024, description: "maestro.evaluation" }), Type.Null()]),
  markdown: Type.Optional(Type.String({ maxLength: 256 * 1024 })),
  svg: Type.Optional(Type.String({ maxLength: 256 * 1024 })),
  because: Type.Union([ShortText, Type.Null()]),
});
export type EvaluationRun = Static<typeof EvaluationRun>;

const Arm = Type.String({ pattern: "^[a-z][a-z0-9-]{0,62}$" });
const Ppm = Type.Integer({ minimum: 0, maximum: 1_000_000 });

/** Where another arm answers than before, by the rewards that were seen, before costs and prices. */
export const PolicyDelta = Closed({
  router: Router,
  path: Path,
  before: Type.Union([Sha256Hex, Type.Null()], { description: "digest of the policy at the base; null: there was none that can be read" }),
  after: Sha256Hex,
  cells: Count,
  changed: Count,
  mass_ppm: { ...Ppm, description: "share of what was counted that lies in cells with another arm, in millionths" },
  listed: Type.Array(Closed({ where: ShortText, from: Arm, to: Arm, mass_ppm: Ppm }), { maxItems: 8, description: "the heaviest first" }),
});
export type PolicyDelta = Static<typeof PolicyDelta>;

/** A learned policy on a card. */
export const CardPolicy = Closed({
  ...PolicyDelta.properties,
  verdict: Choice(["promote", "reject", "insufficient"]),
  gain: Type.Union([Closed({ lower: Decimal, needed: Decimal, scale: Scale }), Type.Null()], { description: "lower bound of the gain of an episode; null: it is hidden" }),
  more: Type.Union([Count, Type.Null()], { description: "episodes with an outcome that are still needed, about" }),
  tried: { ...Count, description: "which question this is that was put to these rows" },
  report_sha256: Sha256Hex,
});
export type CardPolicy = Static<typeof CardPolicy>;
