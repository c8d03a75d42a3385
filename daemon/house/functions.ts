/** How long functions are, by counting braces; no compiler API is needed for that. */
import { withoutStrings } from "./sources.ts";

export interface LongFunction {
  /** Line (from 1) of its opening brace. */
  readonly line: number;
  readonly lines: number;
}

// A block of control flow ends in `)` too; an object literal, a class and a type never follow `)` or `=>`.
const CONTROL = /\b(?:if|for|while|switch|catch|with)\s*\((?:[^()]|\([^()]*\))*\)\s*$/;
const FUNCTION = /(?:=>|\)\s*(?::\s*[^;{}=]+?)?)\s*$/;

function startsFunction(before: string): boolean {
  return FUNCTION.test(before) && !CONTROL.test(before);
}

/** Functions of more than `lines_max` lines, the closing line included. */
export function longFunctions(text: string, lines_max: number): LongFunction[] {
  const code = withoutStrings(text);
  const found: LongFunction[] = [];
  const open: { readonly line: number; readonly isFunction: boolean }[] = [];
  let line = 1;
  for (let at = 0; at < code.length; at++) {
    const character = code[at];
    if (character === "\n") line += 1;
    else if (character === "{") open.push({ line, isFunction: startsFunction(code.slice(Math.max(0, at - 400), at)) });
    else if (character === "}") {
      const block = open.pop();
      const lines = block === undefined ? 0 : line - block.line + 1;
      if (block?.isFunction === true && lines > lines_max) found.push({ line: block.line, lines });
    }
  }
  return found;
}
