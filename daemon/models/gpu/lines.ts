/** What an operator reads in the log of each decision: who took a place, who was put out for it, who got less than it was to have. */
import type { GpuNote } from "./index.ts";
import { layersOf } from "./fit.ts";

/** Null where there is nothing to say: the caller is told of a refusal, and on a machine without GPUs all of it lies here. */
export function lineOf({ state, asking, decision }: GpuNote): string | null {
  const { model, shape, wish } = asking;
  if (decision.kind === "refuse") return null;
  if (decision.kind === "wait") return `model ${model} waits for a GPU: ${decision.because}${decision.for.length === 0 ? "" : `; told to go: ${decision.for.join(", ")}`}`;
  const { layers, context_tokens, vram_bytes } = decision.fit;
  const wished = Math.min(wish.context_tokens, shape.context_tokens);
  const shorter = context_tokens < wished ? `; ${context_tokens} tokens of context instead of ${wished}, for memory` : "";
  if (decision.kind === "here") return state.cards.length === 0 && shorter === "" ? null : `model ${model} lies on the processor: ${decision.because}${shorter}`;
  const all = layersOf(shape);
  const evicted = decision.evict.length === 0 ? "" : `; put out for it: ${decision.evict.join(", ")}`;
  return `model ${model} takes ${vram_bytes} bytes of GPU ${decision.gpu}, ${layers < all ? `only ${layers} of its ${all} layers` : `all ${all} layers`}: ${decision.because}${shorter}${evicted}`;
}
