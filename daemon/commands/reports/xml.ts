/** XML of strangers: well-formed, bounded, and without any document type, so that nothing can be defined, fetched or multiplied. */
import { SaxesParser } from "saxes";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { BrokenReport } from "./reading.ts";

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface XmlVisitor {
  open(element: Element, depth: number): void;
  /** Text directly inside the innermost open element. */
  text(text: string): void;
  close(name: string, depth: number): void;
}

const DEPTH_MAX = 64;
const ELEMENTS_MAX = 1_000_000;
/** One attribute or text: the parser hands each over whole. */
const PIECE = 64 * 1024;

/** Throws `BrokenReport` with the first thing wrong. */
export function readXml(bytes: Uint8Array, visitor: XmlVisitor): void {
  const text = fromUtf8(bytes);
  if (text === null) throw new BrokenReport("it is not UTF-8");
  const parser = new SaxesParser();
  let depth = 0;
  let elements = 0;
  // Where an error does not stop it, the parser goes on and guesses.
  parser.on("error", (error) => {
    throw new BrokenReport(`it is not well-formed XML: ${error.message.slice(0, 200)}`);
  });
  parser.on("doctype", () => {
    throw new BrokenReport("it has a DOCTYPE, which is not read");
  });
  parser.on("opentag", ({ name, attributes }) => {
    if (++depth > DEPTH_MAX) throw new BrokenReport(`it is nested deeper than ${DEPTH_MAX}`);
    if (++elements > ELEMENTS_MAX) throw new BrokenReport(`it has more than ${ELEMENTS_MAX} elements`);
    visitor.open({ name, attributes }, depth);
  });
  parser.on("text", (piece) => visitor.text(piece));
  parser.on("cdata", (piece) => visitor.text(piece));
  parser.on("closetag", ({ name }) => visitor.close(name, depth--));
  const { encoding } = declaration(text);
  if (encoding !== null && encoding !== "utf-8" && encoding !== "us-ascii") throw new BrokenReport("it is declared in another encoding than UTF-8");
  for (let at = 0; at < text.length; at += PIECE) parser.write(text.slice(at, at + PIECE));
  parser.close();
}

const DECLARATION = /^\ufeff?<\?xml\s[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/;

function declaration(text: string): { readonly encoding: string | null } {
  return { encoding: DECLARATION.exec(text.slice(0, 300))?.[1]?.toLowerCase() ?? null };
}
