/** What a gate with hidden numbers takes besides. */
import type { GateConfig } from "../../proto/config.ts";
import { recordBytes } from "../../proto/record.ts";
import { CONFIG_DOCUMENT } from "../verifier/range/bounds.ts";

export const hidesNumbers = ({ obligations, learned = [] }: Pick<GateConfig, "obligations" | "learned">): boolean => [...Object.values(obligations), ...learned].some(({ hide }) => hide === true);

/** The configuration that fixes the bounds goes along, so that no verifier takes them from the prover; of other gates it stays here. */
export const boundsDocument = (config: GateConfig): readonly { readonly name: string; readonly content: Uint8Array }[] => (hidesNumbers(config) ? [{ name: CONFIG_DOCUMENT, content: recordBytes("config", 1, config) }] : []);
