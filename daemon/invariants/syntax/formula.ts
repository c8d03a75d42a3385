/** The grammar of formulas: temporal words around expressions. */
import type { Expr, Formula, Span } from "../../../proto/expr.ts";
import { SourceError } from "../problem.ts";
import { ExpressionParser } from "./expression.ts";
import { TokenReader } from "./reader.ts";

const between = (left: { readonly span: Span }, right: { readonly span: Span }): Span => [left.span[0], right.span[1]];
const written = (ms: bigint | null): string | null => (ms === null ? null : String(ms));

/** Two formulas that are expressions are one expression: `a && b` means the same either way, and engines like it whole. */
function join(op: "&&" | "||", left: Formula, right: Formula): Formula {
  const span = between(left, right);
  if (left.form === "holds" && right.form === "holds") return { form: "holds", expr: { kind: "binary", op, left: left.expr, right: right.expr, span }, span };
  return { form: op === "&&" ? "and" : "or", left, right, span };
}

class FormulaParser {
  readonly #expressions: ExpressionParser;

  constructor(private readonly reader: TokenReader) {
    this.#expressions = new ExpressionParser(reader, true);
  }

  outermost(): Formula {
    const { reader } = this;
    const start = reader.peek().span[0];
    for (const form of ["always", "never"] as const) {
      if (!reader.take("identifier", form)) continue;
      const body = this.or();
      return reader.node({ form, body, span: [start, body.span[1]] } as const);
    }
    const left = this.or();
    for (const form of ["leads_to", "until"] as const) {
      if (!reader.take("identifier", form)) continue;
      const right = this.or();
      const within_ms = this.#expressions.window("within");
      return reader.node({ form, left, right, within_ms: written(within_ms), span: [left.span[0], reader.peek().span[0]] } as const);
    }
    return left;
  }

  private or(): Formula {
    return this.chain("||", () => this.chain("&&", () => this.unary()));
  }

  private chain(op: "&&" | "||", operand: () => Formula): Formula {
    return this.reader.deeper(() => {
      let left = operand();
      while (this.reader.take("operator", op)) left = this.reader.node(join(op, left, operand()));
      return left;
    });
  }

  private unary(): Formula {
    const { reader } = this;
    const start = reader.peek().span[0];
    if (reader.take("identifier", "once")) return this.once(start);
    if (reader.take("identifier", "eventually")) return this.eventually(start);
    if (reader.is("operator", "!") && this.temporalAt(0)) {
      reader.next();
      const body = this.unary();
      return reader.node({ form: "not", body, span: [start, body.span[1]] } as const);
    }
    if (reader.is("operator", "(") && this.temporalAt(0)) {
      reader.next();
      const body = this.or();
      reader.expect(")", reader.closing());
      return body;
    }
    return this.atom(start);
  }

  /** Whether a temporal form starts at that token: else it is an expression's, parenthesis and all. */
  private temporalAt(ahead: number): boolean {
    const { reader } = this;
    if (reader.is("operator", "!", ahead)) return this.temporalAt(ahead + 1);
    if (reader.is("identifier", "once", ahead) || reader.is("identifier", "eventually", ahead)) return true;
    if (reader.is("identifier", undefined, ahead)) return reader.is("identifier", "where", ahead + 1);
    return reader.is("operator", "(", ahead) && this.temporalWithin(ahead);
  }

  /** Whether the parenthesis at that token holds a temporal word; what is counted in it does not make it one. */
  private temporalWithin(open: number): boolean {
    const { reader } = this;
    let depth = 0;
    let counting = Infinity;
    for (let ahead = open; !reader.is("end", undefined, ahead); ahead++) {
      if (reader.is("operator", "(", ahead)) {
        depth += 1;
        if (ahead > open && reader.is("identifier", "count", ahead - 1)) counting = Math.min(counting, depth);
      } else if (reader.is("operator", ")", ahead)) {
        if (depth === counting) counting = Infinity;
        depth -= 1;
        if (depth === 0) return false;
      } else if (depth < counting && (["once", "eventually", "where"] as const).some((word) => reader.is("identifier", word, ahead))) return true;
    }
    return false;
  }

  private once(start: number): Formula {
    const body = this.unary();
    const window_ms = this.#expressions.window("in");
    if (window_ms === null) throw this.reader.refuse("once needs a time", "write once p in 10m");
    return this.reader.node({ form: "once", body, window_ms: String(window_ms), span: [start, this.reader.peek().span[0]] } as const);
  }

  private eventually(start: number): Formula {
    const before = this.#expressions.window("within");
    const body = this.unary();
    const within_ms = before ?? this.#expressions.window("within");
    return this.reader.node({ form: "eventually", body, within_ms: written(within_ms), span: [start, Math.max(body.span[1], this.reader.peek().span[0])] } as const);
  }

  private atom(start: number): Formula {
    const { reader } = this;
    if (reader.is("identifier") && reader.is("identifier", "where", 1)) {
      const event = reader.next().text;
      reader.next();
      const where = this.#expressions.relation();
      return reader.node({ form: "event", event, where, span: [start, where.span[1]] } as const);
    }
    const expr = this.#expressions.relation();
    if (reader.is("operator", "?")) throw reader.refuse("a choice stands in parentheses", "write (test ? this : that)");
    return reader.node({ form: "holds", expr, span: expr.span } as const);
  }
}

/** Throws `SourceError`. */
export function parseFormula(text: string): Formula {
  const reader = new TokenReader(text);
  const formula = new FormulaParser(reader).outermost();
  if (!reader.is("end")) throw new SourceError(reader.peek().span, `${JSON.stringify(reader.peek().text.slice(0, 40))} stands after the end of the formula`, reader.joining("put the inner form in parentheses, or write several formulas"));
  return formula;
}

/** Throws `SourceError`. */
export function parseExpression(text: string): Expr {
  const reader = new TokenReader(text);
  const expr = new ExpressionParser(reader, false).expression();
  if (!reader.is("end")) throw new SourceError(reader.peek().span, `${JSON.stringify(reader.peek().text.slice(0, 40))} stands after the end of the expression`, reader.joining("join two conditions with && or ||"));
  return expr;
}
