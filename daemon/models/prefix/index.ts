/** Prompts that were evaluated before: in a sequence still, or saved in a file. Nothing is found across spaces (docs/prompt-cache.md). */
export { createSlots, type PrefixSlots, type PrefixSlotsDeps } from "./slots.ts";
export { scopeDigest } from "./scope.ts";
