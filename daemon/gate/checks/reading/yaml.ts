/** YAML of a change, within limits. Loaded in the check process only. */
import { isScalar, parseDocument, visit, type YAMLMap } from "yaml";

/** The parser's own check compares every key with every other: 8,000 keys took 6 s. */
function duplicateKey(map: YAMLMap): boolean {
  const keys = new Set<unknown>();
  for (const { key } of map.items) {
    const value = isScalar(key) ? key.value : key;
    if (keys.has(value)) return true;
    keys.add(value);
  }
  return false;
}

/** Nesting no lock or workflow comes near; the parser's time grows with its square. */
const DEPTH_MAX = 100;

/** Deepest nesting of brackets, quotes not looked at: a cheap bound before the parser is let at the text. */
function bracketDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, (depth += 1));
    else if ((code === 0x5d || code === 0x7d) && depth > 0) depth -= 1;
  }
  return deepest;
}

/** Deepest nesting of lists on one line: `- - - a`. */
const LIST_NESTING = /(?:^|\n) {0,200}(?:- ){100}/;

/**
 * One document as plain values, or why not. Two keys of one name are an
 * error, since readers disagree on which counts; so are more aliases than
 * `aliases_max` (0: none), which is how a small file grows without bound.
 */
export function readYaml(text: string, limits: { readonly characters_max: number; readonly aliases_max: number }): { readonly value: unknown } | { readonly broken: string } {
  if (text.length > limits.characters_max) return { broken: `it is larger than ${limits.characters_max} characters` };
  if (bracketDepth(text) > DEPTH_MAX || LIST_NESTING.test(text)) return { broken: `it is nested deeper than ${DEPTH_MAX}` };
  try {
    const document = parseDocument(text, { uniqueKeys: false, logLevel: "error" });
    if (document.errors.length > 0) return { broken: `it is not the YAML of one document (${document.errors[0]?.code ?? "error"})` };
    let twice = false;
    visit(document, {
      Map(_, map) {
        twice ||= duplicateKey(map);
        return twice ? visit.BREAK : undefined;
      },
    });
    if (twice) return { broken: "a key stands in it twice" };
    return { value: document.toJS({ maxAliasCount: limits.aliases_max }) as unknown };
  } catch (error) {
    // The parser throws on alias bombs and, through the stack, on absurd nesting.
    if (error instanceof ReferenceError || error instanceof RangeError) return { broken: "its aliases or its nesting exceed the limits" };
    throw error;
  }
}
