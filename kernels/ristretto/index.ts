/** The ristretto255 kernel: sums of many points at once, over dalek's generators for range proofs. */
export { type RangeGroup, type Sum, type Term } from "./group.ts";
export { createWasmGroup } from "./wasm.ts";
