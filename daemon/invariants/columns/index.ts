/** Conditions over batches of events, in WebAssembly where the kernel can say them. Apart from the language's index: a guard asks one event. */
export { EventTable } from "./table.ts";
export { lower, type Lowered } from "./lower.ts";
