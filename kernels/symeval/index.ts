/** The symeval kernel: conditions over columns of events. */
export { type Column, ERROR, FALSE, type Input, INPUTS_MAX, type Instruction, INSTRUCTIONS_MAX, MISSING, type Op, OPS, type Program, STACK_MAX, TRUE } from "./program.ts";
export { evaluateColumns } from "./wasm.ts";
