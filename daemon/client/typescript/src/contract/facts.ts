// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
export type LineOp = "+" | "-" | " ";
