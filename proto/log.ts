import { Type, type Static } from "@sinclair/typebox";
import { SigstoreBundle } from "./attestation.ts";
import { Choice, Closed, Count, Fingerprint, ShortText, Timestamp } from "./scalar.ts";

/** Beside the tiles: how the log's key changed, oldest first. Each bundle's statement is a `RotationStatement`. */
export const ROTATIONS_FILE = "rotations.json";
export const ROTATIONS_MAX = 256;
export const RotationsFile = Closed({ rotations: Type.Array(SigstoreBundle, { maxItems: ROTATIONS_MAX }) });
export type RotationsFile = Static<typeof RotationsFile>;

/** A log key as other log clients are told it (C2SP signed-note, "Verifier keys"), and the sizes of tree it signs for. */
export const LogKeySpan = Closed({
  vkey: Type.String({ maxLength: 400 }),
  from: Count,
  to: Type.Union([Count, Type.Null()], { description: "null: still the log's key" }),
});
export type LogKeySpan = Static<typeof LogKeySpan>;

/** What a monitor remembers between two looks. */
export const MonitorState = Closed({
  type: Type.Literal("maestro.log-monitor"),
  v: Type.Literal(1),
  origin: ShortText,
  size: Count,
  checkpoint: Type.String({ maxLength: 16_384, description: "the newest one that was verified, as it was signed" }),
  keys: Type.Array(LogKeySpan, { minItems: 1, maxItems: ROTATIONS_MAX + 1 }),
});
export type MonitorState = Static<typeof MonitorState>;

/** Which step of a monitor spoke. `signer` is no fault of the log; all others are. */
export const MonitorStep = Choice(["before", "checkpoint", "origin", "signer", "signature", "key", "rotation", "rollback", "tiles", "root", "fork", "entries"]);
export type MonitorStep = Static<typeof MonitorStep>;

export const LogRotateRequest = Closed({
  step: Choice(["prepare", "activate", "both"], { description: "prepare makes the next key and changes nothing else; activate goes on under it" }),
});
export type LogRotateRequest = Static<typeof LogRotateRequest>;

export const LogRotateReply = Closed({
  origin: ShortText,
  /** Of the key that signs once this reply is read. */
  key: Fingerprint,
  next: Type.Union([Closed({ key: Fingerprint, trust_file: ShortText }), Type.Null()], { description: "a key that waits, and the file for an operator to sign over" }),
  rotated: Type.Union([Closed({ from: Fingerprint, index: Count, at: Timestamp }), Type.Null()], { description: "the entry that says so" }),
});
export type LogRotateReply = Static<typeof LogRotateReply>;
