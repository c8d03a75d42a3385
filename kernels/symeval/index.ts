/** The symeval kernel: conditions over columns of events. */
export { BOUNDED_MAX, type Column, ERROR, FALSE, type Input, INPUTS_MAX, type Instruction, INSTRUCTIONS_MAX, type Kind, MISSING, type Op, type Program, STACK_MAX, TRUE } from "./program.ts";
export { evaluateColumns } from "./wasm.ts";
