/** In which function, method or type a changed line stands. */
import type { Seen } from "../material.ts";
import { type Declaration, declarationsOf } from "./declarations.ts";
import { sideText } from "./names.ts";

const HOLDS = /^(?:function|method|class|type|table|resource|macro|rule)$/;
/** What is written above a declaration and belongs to it. */
const ABOVE = /^\s*(?:@\w|\[\w+|#\[|--?\s*@)/;
const LINES_ABOVE_MAX = 6;

export type Within = (side: "added" | "removed", line: number, text: string) => string | null;

/** The innermost by its lines; of a line above a declaration, that one. */
export function withinOf(file: Seen): Within {
  const read = new Map<string, readonly Declaration[]>();
  const of = (side: "added" | "removed"): readonly Declaration[] => {
    const kept = read.get(side);
    if (kept !== undefined) return kept;
    const found = file.change.binary ? [] : declarationsOf(side === "added" ? file.path : file.old_path ?? file.path, sideText(file, side === "added" ? "new" : "old")).filter(({ what }) => HOLDS.test(what));
    read.set(side, found);
    return found;
  };
  return (side, line, text) => {
    const all = of(side);
    const next = ABOVE.test(text) ? all.find((one) => one.line > line && one.line <= line + LINES_ABOVE_MAX) : undefined;
    const holder = next ?? all.findLast((one) => one.line <= line && one.end_line >= line);
    if (holder === undefined) return null;
    return holder.within === null ? holder.name : `${holder.within}.${holder.name}`;
  };
}
