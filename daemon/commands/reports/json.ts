/** Any JSON document, asked by pointer (RFC 6901). Numbers keep the digits they were written with. */
import { fromUtf8 } from "../../../proto/encoding.ts";
import { parseDecimal, type Rational } from "../../../proto/decimal.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { StrictReader, type Tree } from "../../../proto/strict-reader.ts";
import { broken, BrokenReport, type Report } from "./reading.ts";

/** Deep enough for every report known, and far from what the reader's own recursion takes. */
const DEPTH_MAX = 64;

/** A number of a document: exact, or null where it is beyond what a measurement can be. */
export class ExactNumber {
  readonly value: Rational | null;

  constructor(readonly text: string) {
    this.value = parseDecimal(text);
  }
}

export type JsonTree = Tree<ExactNumber>;
export type JsonFields = { readonly [key: string]: JsonTree };

const EXACT = { pattern: "any", read: (text: string) => new ExactNumber(text) } as const;

/** Throws `BrokenReport`: not UTF-8, not JSON, a duplicate key, nested too deep. */
export function readJson(bytes: Uint8Array): JsonTree {
  const text = fromUtf8(bytes);
  if (text === null) throw new BrokenReport("it is not UTF-8");
  try {
    // A byte order mark is not JSON (RFC 8259 section 8.1), and some tools write one.
    return new StrictReader(text.startsWith("\ufeff") ? text.slice(1) : text, DEPTH_MAX, EXACT).document();
  } catch (error) {
    if (error instanceof MaestroError) throw new BrokenReport(error.detail);
    throw error;
  }
}

export function isJsonFields(value: JsonTree | undefined): value is JsonFields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** A field, and undefined for what is no object or lacks it; `__proto__` is a key like any other. */
export function fieldOf(value: JsonTree | undefined, name: string): JsonTree | undefined {
  return isJsonFields(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** RFC 6901 section 4: an array index is `0` or has no leading zero; `-` names no element that is there. */
const INDEX = /^(?:0|[1-9][0-9]{0,8})$/;

function atPointer(root: JsonTree, pointer: string): JsonTree | undefined {
  let value: JsonTree | undefined = root;
  for (const raw of pointer.split("/").slice(1)) {
    const token = raw.replaceAll("~1", "/").replaceAll("~0", "~");
    if (Array.isArray(value)) value = INDEX.test(token) ? value[Number(token)] : undefined;
    else value = fieldOf(value, token);
  }
  return value;
}

export function openJson(bytes: Uint8Array): Report {
  const root = readJson(bytes);
  return (pointer) => {
    const found = atPointer(root, pointer);
    if (found === undefined) return broken(`it has nothing at ${pointer === "" ? "its root" : pointer}`);
    if (typeof found === "boolean") return { value: found };
    if (!(found instanceof ExactNumber)) return broken(`what stands at ${pointer} is neither a number nor true or false`);
    return found.value === null ? broken(`the number at ${pointer} is out of range`) : { value: found.value };
  };
}
