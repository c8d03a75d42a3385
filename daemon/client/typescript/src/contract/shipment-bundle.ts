// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type ShipmentBundleReply = {
  readonly shipment_id: string;
  /** standard base64 with padding */
  readonly content: string;
};
