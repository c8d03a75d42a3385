/** What can be wrong with what is kept, and what the daemon knows of it. */
import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, Count, ShortText, Timestamp } from "./scalar.ts";

export const Area = Choice(["database", "log", "ended logs", "blobs", "artifacts", "gates", "keys", "packs", "holds", "models"]);
export type Area = Static<typeof Area>;

/** One thing that is not what it was. */
export const Damage = Closed({ area: Area, name: ShortText, what: ShortText });
export type Damage = Static<typeof Damage>;

/** What the daemon knows of its own state: the start's check, and the scrubber's passes. */
export const IntegrityStatus = Closed({
  state: Choice(["clean", "damaged"]),
  passes: Count,
  scrubbed_bytes: Count,
  last_pass: Type.Union([Timestamp, Type.Null()], { description: "when everything had last been looked at" }),
  damage_total: Count,
  first: Type.Union([Damage, Type.Null()]),
});
export type IntegrityStatus = Static<typeof IntegrityStatus>;
