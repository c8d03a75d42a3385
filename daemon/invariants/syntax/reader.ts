/** Where a parser stands in its tokens, and the limits it keeps. */
import type { Span } from "../../../proto/expr.ts";
import { EXPRESSION_CHARACTERS_MAX } from "../../../proto/expression-limit.ts";
import { DEPTH_MAX, NODES_MAX } from "../limits.ts";
import { SourceError } from "../problem.ts";
import { TEMPORAL } from "./words.ts";
import { tokens, type Token, type TokenKind } from "./lexer.ts";

const shown = (token: Token): string => (token.kind === "end" ? "the end" : JSON.stringify(token.text.slice(0, 40)));

export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  #nodes = 0;

  constructor(text: string) {
    if (text.length > EXPRESSION_CHARACTERS_MAX) throw new SourceError([0, 1], `${text.length} characters, limit ${EXPRESSION_CHARACTERS_MAX}`, "split it into several assertions");
    this.#tokens = tokens(text);
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(Math.max(this.#at + ahead, 0), this.#tokens.length - 1)]!;
  }

  next(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  is(kind: TokenKind, text?: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === kind && (text === undefined || token.text === text);
  }

  /** Takes the operator or word if it stands here. */
  take(kind: "operator" | "identifier", text: string): boolean {
    if (!this.is(kind, text)) return false;
    this.#at += 1;
    return true;
  }

  /** Takes it, or says what stands there. */
  expect(text: string, fix: string): Token {
    if (!this.is("operator", text)) throw new SourceError(this.peek().span, `${text} is expected here, not ${shown(this.peek())}`, fix);
    return this.next();
  }

  /** What to write where a parenthesis does not close. */
  closing(): string {
    const { kind, text } = this.peek();
    const number = this.withPoint();
    if (number !== null) return number;
    return kind === "identifier" && TEMPORAL.has(text) ? `${text} stands outermost: leave the parenthesis around it away` : "close the parenthesis";
  }

  /** What to write where a comma stands inside of a number: `10,50`, `1,000`. */
  private withPoint(): string | null {
    let written = this.peek(-1).text;
    for (let ahead = 0; this.is("operator", ",", ahead) && this.peek(ahead - 1).kind === "int"; ahead += 2) {
      const [before, comma, after] = [this.peek(ahead - 1), this.peek(ahead), this.peek(ahead + 1)];
      if ((after.kind !== "int" && after.kind !== "double") || before.span[1] !== comma.span[0] || comma.span[1] !== after.span[0]) return null;
      written += `,${after.text}`;
    }
    if (/^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(written)) return `write ${written.replaceAll(",", "")}`;
    return /^\d+,\d+$/.test(written) ? `write ${written.replace(",", ".")}` : null;
  }

  /** What to write instead of the word that stands here or before. */
  joining(otherwise: string): string {
    const number = this.withPoint();
    if (number !== null) return number;
    const words = [this.peek(), this.peek(-1)].map(({ text }) => text.toLowerCase());
    const sign = [["and", "&&"], ["or", "||"], ["not", "!"]].find(([word = ""]) => words.includes(word));
    return sign === undefined ? otherwise : `write ${sign[1] ?? ""} for ${sign[0] ?? ""}`;
  }

  refuse(message: string, fix: string): SourceError {
    return new SourceError(this.peek().span, `${message}, not ${shown(this.peek())}`, fix);
  }

  /** Counts a node of the tree. */
  node<T extends { readonly span: Span }>(node: T): T {
    this.#nodes += 1;
    if (this.#nodes > NODES_MAX) throw new SourceError(node.span, `more than ${NODES_MAX} parts`, "split it into several assertions");
    return node;
  }

  /** Runs `parse` one level deeper. */
  deeper<T>(parse: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new SourceError(this.peek().span, `nested deeper than ${DEPTH_MAX}`, "split it into several assertions");
    const result = parse();
    this.#depth -= 1;
    return result;
  }
}
