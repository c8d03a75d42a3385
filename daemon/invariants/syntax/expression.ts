/** The grammar of expressions, by recursive descent; precedence is CEL's. */
import type { BinaryOp, Expr, MacroName, Span } from "../../../proto/expr.ts";
import { DURATION_MS_MAX, INT_MAX, LIST_ITEMS_MAX, WINDOW_MS_MAX } from "../limits.ts";
import { SourceError } from "../problem.ts";
import { durationMs } from "./durations.ts";
import type { Token } from "./lexer.ts";
import type { TokenReader } from "./reader.ts";
import { MACROS, RESERVED, TEMPORAL } from "./words.ts";

const RELATIONS: readonly BinaryOp[] = ["==", "!=", "<", "<=", ">", ">="];
const CALL_ARGUMENTS_MAX = 16;

const isMacro = (name: string): name is MacroName => MACROS.some((macro) => macro === name);
const between = (left: Expr, right: Expr): Span => [left.span[0], right.span[1]];

export class ExpressionParser {
  constructor(
    readonly reader: TokenReader,
    /** In a formula, words such as `until` end an expression, and `count(...)` counts events. */
    readonly temporal: boolean,
  ) {}

  expression(): Expr {
    return this.reader.deeper(() => {
      const test = this.or();
      if (!this.reader.take("operator", "?")) return test;
      const then = this.or();
      this.reader.expect(":", "a choice is written test ? this : that");
      const otherwise = this.expression();
      return this.reader.node({ kind: "cond", test, then, else: otherwise, span: between(test, otherwise) } as const);
    });
  }

  private binary(op: BinaryOp, left: Expr, right: Expr): Expr {
    return this.reader.node({ kind: "binary", op, left, right, span: between(left, right) } as const);
  }

  /** Operands joined by any of `ops`, from the left. */
  private chain(ops: readonly BinaryOp[], operand: () => Expr): Expr {
    let left = operand();
    for (;;) {
      const op = ops.find((one) => this.reader.take("operator", one));
      if (op === undefined) return left;
      left = this.binary(op, left, operand());
    }
  }

  or(): Expr {
    return this.chain(["||"], () => this.and());
  }

  private and(): Expr {
    return this.chain(["&&"], () => this.relation());
  }

  relation(): Expr {
    const left = this.sum();
    const op = this.relationHere();
    if (op === null) return left;
    const whole = this.binary(op, left, this.sum());
    const second = this.relationHere();
    if (second !== null) throw new SourceError(whole.span, `${op} and ${second} cannot be chained`, "write a < b && b < c");
    return whole;
  }

  private relationHere(): BinaryOp | null {
    // `count(...) in 1h` and `once p in 10m`: a time after `in` is no list.
    if (this.reader.is("identifier", "in") && !(this.temporal && this.reader.is("duration", undefined, 1))) {
      this.reader.next();
      return "in";
    }
    return RELATIONS.find((op) => this.reader.take("operator", op)) ?? null;
  }

  private sum(): Expr {
    return this.chain(["+", "-"], () => this.chain(["*", "/", "%"], () => this.unary()));
  }

  private unary(): Expr {
    const { reader } = this;
    const token = reader.peek();
    if (token.kind !== "operator" || (token.text !== "!" && token.text !== "-")) return this.postfix(this.primary());
    const op = token.text;
    reader.next();
    return reader.deeper(() => {
      // The sign belongs to the literal, or the smallest 64-bit number could not be written.
      if (op === "-" && (reader.is("int") || reader.is("double"))) return this.postfix(this.number(reader.next(), token.span[0]));
      const operand = this.unary();
      return reader.node({ kind: "unary", op, operand, span: [token.span[0], operand.span[1]] } as const);
    });
  }

  private number({ kind, text, span }: Token, sign_at: number | null = null): Expr {
    const whole: Span = [sign_at ?? span[0], span[1]];
    const sign = sign_at === null ? "" : "-";
    if (kind === "double") {
      if (!Number.isFinite(Number(text))) throw new SourceError(whole, "the number is too large for a double", "write a smaller one");
      return this.reader.node({ kind: "double", value: `${sign}${text}`, span: whole } as const);
    }
    const value = sign === "" ? BigInt(text) : -BigInt(text);
    if (value > INT_MAX || value < -INT_MAX - 1n) throw new SourceError(whole, "the number has more than 64 bits", `write one from ${-INT_MAX - 1n} to ${INT_MAX}`);
    return this.reader.node({ kind: "int", value: String(value), span: whole } as const);
  }

  private primary(): Expr {
    const { reader } = this;
    const token = reader.peek();
    switch (token.kind) {
      case "int":
      case "double":
        return this.number(reader.next());
      case "string":
        return reader.node({ kind: "string", value: reader.next().text, span: token.span } as const);
      case "duration":
        throw new SourceError(token.span, "a time alone is no value", `write duration("${token.text}")`);
      case "key":
        reader.next();
        if (!this.temporal) throw new SourceError(token.span, "$name stands in formulas alone", `write ${token.text}`);
        return reader.node({ kind: "key", name: token.text, span: token.span } as const);
      case "identifier":
        return this.named(token);
      default:
        if (token.text === "(") return this.group();
        if (token.text === "[") return this.list();
        throw reader.refuse("a value is expected", "write a field, a literal, a list or something in parentheses");
    }
  }

  private group(): Expr {
    this.reader.next();
    const inner = this.expression();
    this.reader.expect(")", this.reader.closing());
    return inner;
  }

  private list(): Expr {
    const start = this.reader.next().span[0];
    const items: Expr[] = [];
    while (!this.reader.is("operator", "]")) {
      items.push(this.expression());
      if (items.length > LIST_ITEMS_MAX) throw new SourceError([start, start + 1], `more than ${LIST_ITEMS_MAX} items`, "write a shorter list");
      if (!this.reader.take("operator", ",")) break;
    }
    const end = this.reader.expect("]", "close the list with ]").span[1];
    return this.reader.node({ kind: "list", items, span: [start, end] } as const);
  }

  private named(token: Token): Expr {
    const { reader } = this;
    const { text, span } = token;
    if (text === "true" || text === "false") {
      reader.next();
      return reader.node({ kind: "bool", value: text === "true", span } as const);
    }
    if (text === "null") throw new SourceError(span, "there is no null", `a field that is missing breaks the rule; ask with has(field)`);
    if (RESERVED.has(text)) throw new SourceError(span, `${text} is a word CEL keeps for itself`, "call the field otherwise");
    if (this.temporal && TEMPORAL.has(text)) throw new SourceError(span, `${text} cannot stand here`, "always, never, eventually, leads_to and until stand outermost; once stands beside && and ||");
    if (this.temporal && text === "count" && reader.is("operator", "(", 1)) return this.count();
    reader.next();
    if (!reader.is("operator", "(")) return reader.node({ kind: "var", name: text, span } as const);
    return this.call(text, span[0], null);
  }

  /** `count(EVENT where condition) in 1h`; the time may also stand before the parenthesis closes. */
  private count(): Expr {
    const { reader } = this;
    const start = reader.next().span[0];
    reader.next();
    const { event, where } = this.event();
    const inside = reader.is("identifier", "in") && reader.is("duration", undefined, 1);
    const window_inside = inside ? this.window("in") : null;
    const close = reader.expect(")", "write count(event where condition) in 1h").span[1];
    const window_ms = window_inside ?? this.window("in");
    if (window_ms === null) throw reader.refuse("count needs a time", "write count(event) in 1h");
    return reader.node({ kind: "count", event, where, window_ms: String(window_ms), span: [start, Math.max(close, reader.peek().span[0])] } as const);
  }

  /** `EVENT`, or `EVENT where condition`. */
  event(): { readonly event: string; readonly where: Expr | null } {
    if (!this.reader.is("identifier")) throw this.reader.refuse("the name of an event is expected", "write count(event where condition) in 1h");
    const event = this.reader.next().text;
    return { event, where: this.reader.take("identifier", "where") ? this.or() : null };
  }

  /** `within 30s`, `in 10m`; `null` where the word does not stand here. */
  window(word: "in" | "within"): bigint | null {
    const { reader } = this;
    if (!reader.take("identifier", word)) return null;
    const token = reader.peek();
    if (token.kind !== "duration") throw reader.refuse(`a time is expected after ${word}`, `write ${word} 30s, with the units ms, s, m, h, d`);
    reader.next();
    const ms = durationMs(token.text);
    if (ms === null || ms <= 0n) throw new SourceError(token.span, "this is no whole number of milliseconds above nothing", `write ${word} 30s`);
    if (ms > WINDOW_MS_MAX) throw new SourceError(token.span, "a time of more than 366 days passes for nobody who watches", `write ${word} 366d, or less`);
    return ms;
  }

  private postfix(start: Expr): Expr {
    const { reader } = this;
    let object = start;
    for (let links = 0; ; links++) {
      if (links > 32) throw new SourceError(object.span, "more than 32 calls and indexes in a row", "split it into several assertions");
      if (reader.take("operator", ".")) object = this.method(object);
      else if (reader.take("operator", "[")) {
        const index = this.expression();
        const end = reader.expect("]", "close the index with ]").span[1];
        object = reader.node({ kind: "index", object, index, span: [object.span[0], end] } as const);
      } else return object;
    }
  }

  private method(object: Expr): Expr {
    const { reader } = this;
    if (!reader.is("identifier")) throw reader.refuse("a name is expected after the dot", "write list.all(x, x > 0), or text.startsWith('a')");
    const { text, span } = reader.next();
    if (!reader.is("operator", "(")) throw new SourceError(span, "an event's fields are flat: nothing has parts", `write the field by itself and declare it under fields, such as ${object.kind === "var" ? `${object.name}_${text}` : text}`);
    return isMacro(text) ? this.macro(text, object) : this.call(text, object.span[0], object);
  }

  private call(name: string, start: number, receiver: Expr | null): Expr {
    const { reader } = this;
    reader.expect("(", "open the parenthesis");
    const args: Expr[] = receiver === null ? [] : [receiver];
    while (!reader.is("operator", ")")) {
      args.push(this.expression());
      if (args.length > CALL_ARGUMENTS_MAX) throw new SourceError([start, start + 1], `more than ${CALL_ARGUMENTS_MAX} arguments`, "no function takes so many");
      if (!reader.take("operator", ",")) break;
    }
    const end = reader.expect(")", `close the arguments of ${name}`).span[1];
    if (name === "duration") return this.duration(args, [start, end]);
    return reader.node({ kind: "call", name, method: receiver !== null, args, span: [start, end] } as const);
  }

  /** A literal by itself, so that no engine has to read times while it runs. */
  private duration([text, more]: readonly Expr[], span: Span): Expr {
    const ms = text?.kind === "string" && more === undefined && !text.value.includes("d") ? durationMs(text.value) : null;
    if (ms === null || ms > DURATION_MS_MAX || ms < -DURATION_MS_MAX) throw new SourceError(span, "duration takes one literal of whole milliseconds", 'write duration("1h30m"), with the units ms, s, m, h; CEL has no days');
    return this.reader.node({ kind: "duration", ms: String(ms), span } as const);
  }

  private macro(macro: MacroName, list: Expr): Expr {
    const { reader } = this;
    const form = `write list.${macro}(x, ${macro === "map" ? "x + 1" : "x > 0"})`;
    reader.expect("(", form);
    if (!reader.is("identifier") || RESERVED.has(reader.peek().text)) throw reader.refuse("a name for the item is expected", form);
    const local = reader.next().text;
    reader.expect(",", form);
    const body = this.expression();
    if (reader.is("operator", ",")) throw reader.refuse(`${macro} takes a name and one expression`, macro === "map" ? "write list.filter(x, p).map(x, f)" : form);
    const end = reader.expect(")", form).span[1];
    return reader.node({ kind: "macro", macro, list, local, body, span: [list.span[0], end] } as const);
  }
}
