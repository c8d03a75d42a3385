/** Witnesses (C2SP tlog-witness): other logs that this node cosigns, and who cosigns its own. */
import { Type, type Static } from "@sinclair/typebox";
import { Closed, Count, ShortText, Timestamp } from "./scalar.ts";
import { KEY_NAME } from "./trust.ts";

/** A key of a signed note as other log clients write it: name, key id, type and key. */
const VerifierKey = Type.String({ pattern: "^[!-*,-~]{1,200}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]{44}$", description: "NAME+ID+KEY, as `maestro witness key` prints it and as the log folder holds it in log.vkey" });

/** In the host configuration: this node vouches for others' logs. */
export const WitnessSetting = Closed({
  name: Type.String({ pattern: KEY_NAME, description: "name its cosignatures carry, such as witness.example.org/a" }),
  logs: Type.Array(VerifierKey, { minItems: 1, maxItems: 256, description: "keys of the logs it cosigns; a log whose key was rotated has several" }),
});
export type WitnessSetting = Static<typeof WitnessSetting>;

/** In the host configuration: somebody who vouches for this node's log. */
export const WitnessEntry = Closed({
  name: Type.String({ pattern: "^[a-z0-9][a-z0-9.-]{0,62}$", description: "what this node calls it" }),
  url: Type.String({
    pattern: "^(?:https?://[A-Za-z0-9.:\\[\\]_-]{1,253}(?:/[A-Za-z0-9._~/-]{0,200})?|unix:/[A-Za-z0-9._/@+-]{1,106}(?::/[A-Za-z0-9._~/-]{0,200})?)$",
    description: "its submission prefix, asked through the egress helper: https, or http on this machine; or unix:/SOCKET, which the daemon asks itself, and :/PREFIX behind it where that is not /witness",
  }),
  vkey: { ...VerifierKey, description: "its key, as `maestro witness key` prints it there" },
});
export type WitnessEntry = Static<typeof WitnessEntry>;

/** Our own routes' prefix, which is the submission and monitoring prefix of the specification. */
export const WITNESS_PREFIX = "/witness";
/** C2SP tlog-witness, "add-checkpoint": the reply to a submission that starts from another size than the witness's. */
export const TREE_SIZE_TYPE = "text/x.tlog.size";

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);

/** How one witness of this node's log stands. */
export const WitnessState = Closed({
  name: ShortText,
  url: ShortText,
  key: ShortText,
  size: Type.Union([Count, Type.Null()], { description: "of the newest tree it cosigned; null: none yet" }),
  at: nullable(Timestamp),
  failures: Type.Integer({ minimum: 0, description: "in a row" }),
  because: Type.Union([ShortText, Type.Null()], { description: "of the last failure; null where the last question was answered" }),
});
export type WitnessState = Static<typeof WitnessState>;

export const WitnessedLog = Closed({ origin: ShortText, size: Type.Union([Count, Type.Null()], { description: "null: never cosigned" }), at: nullable(Timestamp), refused: Type.Union([ShortText, Type.Null()], { description: "why it is cosigned no more; null where it is" }) });
export type WitnessedLog = Static<typeof WitnessedLog>;

export const WitnessesReply = Closed({
  origin: ShortText,
  log_size: Count,
  quorum: Type.Integer({ minimum: 0, description: "how many make a witnessed checkpoint; 0 where nobody is asked" }),
  witnessed: Type.Union([Closed({ size: Count, at: Timestamp, names: Type.Array(ShortText) }), Type.Null()], { description: "the newest checkpoint with a quorum, and when the first of it saw it" }),
  witnesses: Type.Array(WitnessState),
  own: Type.Union([Closed({ name: ShortText, key: ShortText, logs: Type.Array(WitnessedLog) }), Type.Null()], { description: "this node as a witness of others; null where it is none" }),
});
export type WitnessesReply = Static<typeof WitnessesReply>;
