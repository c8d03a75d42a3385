/** Formulas with types: every condition checked, every bound known. */
import type { Expr, Formula, Span } from "../../../proto/expr.ts";
import { SourceError } from "../problem.ts";
import { checkBool } from "./check.ts";
import type { Node } from "./node.ts";
import type { Scope } from "./scope.ts";

export type TypedFormula =
  | { readonly form: "holds"; readonly node: Node; readonly span: Span }
  | { readonly form: "event"; readonly event: string; readonly where: Node | null; readonly span: Span }
  | { readonly form: "not"; readonly body: TypedFormula; readonly span: Span }
  | { readonly form: "and" | "or"; readonly left: TypedFormula; readonly right: TypedFormula; readonly span: Span }
  | { readonly form: "always" | "never"; readonly body: TypedFormula; readonly span: Span }
  | { readonly form: "eventually"; readonly body: TypedFormula; readonly within_ms: number | null; readonly span: Span }
  | { readonly form: "leads_to" | "until"; readonly left: TypedFormula; readonly right: TypedFormula; readonly within_ms: number | null; readonly span: Span }
  | { readonly form: "once"; readonly body: TypedFormula; readonly window_ms: number; readonly span: Span };

const ms = (bound: string | null): number | null => (bound === null ? null : Number(bound));

class FormulaChecker {
  constructor(
    private readonly scope: Scope,
    private readonly event: NonNullable<Scope["event"]>,
    private readonly unbounded: boolean,
  ) {}

  /** Whether a name means an event: a field of that name would be meant first. */
  private namesEvent(expr: Expr): boolean {
    if (expr.kind === "var") return !this.scope.fields.has(expr.name);
    if (expr.kind === "unary") return expr.op === "!" && this.namesEvent(expr.operand);
    return expr.kind === "binary" && (expr.op === "&&" || expr.op === "||") && (this.namesEvent(expr.left) || this.namesEvent(expr.right));
  }

  /** A condition; its && || ! become the formula's where an event stands among them. */
  private condition(expr: Expr): TypedFormula {
    const { span } = expr;
    if (!this.namesEvent(expr)) return { form: "holds", node: checkBool(expr, this.scope), span };
    if (expr.kind === "unary") return { form: "not", body: this.condition(expr.operand), span };
    if (expr.kind === "binary") return { form: expr.op === "&&" ? "and" : "or", left: this.condition(expr.left), right: this.condition(expr.right), span };
    if (expr.kind !== "var") throw new SourceError(span, "an event is expected", "write the name of an event");
    this.event(expr.name, span);
    return { form: "event", event: expr.name, where: null, span };
  }

  private refuseUnbounded(written: string, span: Span): SourceError {
    return new SourceError(span, "without a bound no moment ever shows this to be broken, so it cannot be watched while a system runs", `write ${written}, or add only: model to have it checked by the model checker alone`);
  }

  check(formula: Formula): TypedFormula {
    const { span } = formula;
    switch (formula.form) {
      case "holds":
        return this.condition(formula.expr);
      case "event":
        return { form: "event", event: formula.event, where: formula.where === null ? null : checkBool(formula.where, { ...this.event(formula.event, span), locals: [] }), span };
      case "not":
      case "always":
      case "never":
        return { form: formula.form, body: this.check(formula.body), span };
      case "and":
      case "or":
        return { form: formula.form, left: this.check(formula.left), right: this.check(formula.right), span };
      case "eventually":
        if (formula.within_ms === null && !this.unbounded) throw this.refuseUnbounded("eventually within 5m p", span);
        return { form: "eventually", body: this.check(formula.body), within_ms: ms(formula.within_ms), span };
      case "leads_to":
        if (formula.within_ms === null && !this.unbounded) throw this.refuseUnbounded("p leads_to q within 30s", span);
        return { form: "leads_to", left: this.check(formula.left), right: this.check(formula.right), within_ms: ms(formula.within_ms), span };
      case "until":
        return { form: "until", left: this.check(formula.left), right: this.check(formula.right), within_ms: ms(formula.within_ms), span };
      case "once":
        return { form: "once", body: this.check(formula.body), window_ms: Number(formula.window_ms), span };
    }
  }
}

const OUTERMOST: readonly TypedFormula["form"][] = ["always", "never", "eventually", "leads_to", "until"];

/** Throws `SourceError`. What has no temporal word outermost is asked of every event: `always`. */
export function checkFormula(formula: Formula, scope: Scope, event: NonNullable<Scope["event"]>, unbounded: boolean): TypedFormula {
  const typed = new FormulaChecker({ ...scope, event }, event, unbounded).check(formula);
  return OUTERMOST.includes(typed.form) ? typed : { form: "always", body: typed, span: typed.span };
}
