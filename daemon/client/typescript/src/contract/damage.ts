// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type Area = "database" | "log" | "ended logs" | "blobs" | "artifacts" | "gates" | "keys" | "packs" | "holds" | "models";

export type Damage = {
  readonly area: Area;
  readonly name: string;
  readonly what: string;
};

export type IntegrityStatus = {
  readonly state: "clean" | "damaged";
  readonly passes: number;
  readonly scrubbed_bytes: number;
  /** when everything had last been looked at */
  readonly last_pass: string | null;
  readonly damage_total: number;
  readonly first: Damage | null;
};
