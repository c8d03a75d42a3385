/** What was given and played no part in the verdict: whoever dropped it must not think that it was judged. */
import { visible } from "../../verifier/visible.ts";
import { kindText, type Input, type Kind } from "./inputs.ts";

/** These say nothing by themselves: a folder of the operator's keys may be dropped whole. */
const SILENT: readonly Kind[] = ["key", "trusted_root", "trust", "bounds"];
const NAMED_MAX = 8;

/** One remark for each that was not looked at. Of one kind the last one counts; what an earlier answer already spoke of is silently replaced. */
export function unlooked(inputs: readonly Input[], used: readonly (Input | undefined)[]): string[] {
  const left = inputs.filter((input) => !used.includes(input) && !SILENT.includes(input.kind) && !(input.known && used.some((one) => one?.kind === input.kind)));
  const named = left.slice(0, NAMED_MAX).map(({ name, kind }) => {
    const why = kind === "artifact" ? "no evidence that this page knows" : used.some((one) => one?.kind === kind) ? `one ${kindText(kind)} is judged at a time` : `taken for: ${kindText(kind)}`;
    return `not looked at: ${visible(name)} (${why})`;
  });
  return left.length > NAMED_MAX ? [...named, `not looked at: ${left.length - NAMED_MAX} more files`] : named;
}
