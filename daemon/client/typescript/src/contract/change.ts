// Generated from the contract by `bun daemon/client/contract/build.ts`. Do not edit.
/** under whose authority the base and the configuration were chosen */
export type Mode = "host" | "fork" | "local" | "sealed";
