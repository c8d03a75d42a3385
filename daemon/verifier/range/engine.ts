import { createWasmGroup, type RangeGroup } from "../../../kernels/ristretto/index.ts";

let group: RangeGroup | undefined;

/** One for the process: kernel and tables of generators are made on first use. */
export const rangeGroup = (): RangeGroup => (group ??= createWasmGroup());
