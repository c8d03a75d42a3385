// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type RangeOpening = {
  readonly type: "maestro.opening";
  readonly v: 1;
  readonly gate_id: string;
  readonly attempt: number;
  readonly obligation: string;
  /** integer as a decimal string */
  readonly value: string;
  readonly unit: string | null;
  /** power of ten by which the integer is divided */
  readonly scale: number;
  /** a scalar, 32 bytes little endian, base64 */
  readonly blinding: string;
};
