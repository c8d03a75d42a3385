/** OPA's syntax tree as it is walked here: what carries a mutation, with its place. Pure. */
import type { RegoText, Span } from "./text.ts";

type Node = Readonly<Record<string, unknown>>;

/** What the operators of operators.ts look at. */
export type Site = { readonly span: Span; readonly rule: string } & (
  | { readonly kind: "rule"; readonly is_default: boolean }
  | { readonly kind: "else" }
  | { readonly kind: "condition"; readonly negated: boolean; readonly binds: boolean; readonly every: boolean; readonly head: string | null; readonly domain: Span | null; readonly body: Span | null; readonly rest: Span | null }
  | { readonly kind: "call"; readonly name: string }
  | { readonly kind: "term"; readonly type: "number" | "boolean" | "string" }
);

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const nodesOf = (value: unknown): readonly Node[] => listOf(value).filter(isNode);

/** The dotted name a call goes to; null for what is no plain name. */
function calleeOf(term: unknown): string | null {
  if (!isNode(term) || term["type"] !== "ref") return null;
  const parts = nodesOf(term["value"]).map((part) => part["value"]);
  return parts.every((part) => typeof part === "string") ? parts.join(".") : null;
}

const termsOf = (expression: Node): readonly unknown[] => (Array.isArray(expression["terms"]) ? expression["terms"] : [expression["terms"]]);

class Walk {
  readonly sites: Site[] = [];
  #rule = "";

  constructor(private readonly text: RegoText) {}

  module(tree: unknown): readonly Site[] {
    for (const rule of nodesOf(isNode(tree) ? tree["rules"] : null)) this.rule(rule);
    return this.sites;
  }

  private rule(rule: Node): void {
    const head = isNode(rule["head"]) ? rule["head"] : {};
    const reference = nodesOf(head["ref"]).map((part) => String(part["value"])).join(".");
    this.#rule = reference === "" ? String(head["name"] ?? "") : reference;
    // A test beside what it tests: whoever changes it kills nothing.
    if (/^(?:todo_)?test_/.test(this.#rule)) return;
    const [whole, headed] = [this.text.span(rule["location"]), this.text.span(head["location"])];
    const is_default = rule["default"] === true;
    // The place of a default rule is its first word alone.
    const span = is_default && whole !== null && headed !== null ? { start: whole.start, end: headed.end, text: this.text.text.slice(whole.start, headed.end) } : whole;
    if (span !== null) this.sites.push({ kind: "rule", span, rule: this.#rule, is_default });
    this.clause(rule, head);
  }

  private clause(clause: Node, head: Node): void {
    this.term(head["value"]);
    this.term(head["key"]);
    for (const argument of listOf(head["args"])) this.term(argument);
    this.body(clause["body"]);
    const otherwise = clause["else"];
    if (!isNode(otherwise)) return;
    const span = this.text.span(otherwise["location"]);
    if (span !== null) this.sites.push({ kind: "else", span, rule: this.#rule });
    this.clause(otherwise, isNode(otherwise["head"]) ? { value: otherwise["head"]["value"] } : {});
  }

  private body(body: unknown): void {
    const written = nodesOf(body).filter((one) => one["generated"] !== true);
    const last = this.text.span(written.at(-1)?.["location"]);
    for (const [i, expression] of written.entries()) {
      const next = this.text.span(written[i + 1]?.["location"]);
      this.expression(expression, next === null || last === null || last.end < next.start ? null : { start: next.start, end: last.end, text: this.text.text.slice(next.start, last.end) });
    }
  }

  /** `rest` is what follows it in its body. */
  private expression(expression: Node, rest: Span | null): void {
    const terms = expression["terms"];
    const callee = Array.isArray(terms) ? calleeOf(terms[0]) : null;
    const some = isNode(terms) && Array.isArray(terms["symbols"]);
    const every = isNode(terms) && isNode(terms["domain"]);
    const span = this.text.span(expression["location"]);
    if (span !== null) {
      const domain = every && isNode(terms) ? this.text.span((terms["domain"] as Node)["location"]) : null;
      const inner = every && isNode(terms) ? nodesOf(terms["body"]) : [];
      const [first, end] = [this.text.span(inner[0]?.["location"]), this.text.span(inner.at(-1)?.["location"])];
      const body = first === null || end === null ? null : { start: first.start, end: end.end, text: this.text.text.slice(first.start, end.end) };
      const symbol = some && isNode(terms) ? this.text.span(nodesOf(terms["symbols"])[0]?.["location"]) : null;
      this.sites.push({ kind: "condition", span, rule: this.#rule, negated: expression["negated"] === true, binds: some || callee === "assign" || callee === "eq", every, head: symbol?.text ?? null, domain, body, rest });
    }
    if (every && isNode(terms)) {
      this.term(terms["domain"]);
      this.body(terms["body"]);
      return;
    }
    if (some && isNode(terms)) for (const symbol of listOf(terms["symbols"])) this.term(symbol);
    else if (Array.isArray(terms)) this.call(terms);
    else this.term(termsOf(expression)[0]);
    for (const replaced of nodesOf(expression["with"])) this.term(replaced["value"]);
  }

  private call([callee, ...args]: readonly unknown[]): void {
    const name = calleeOf(callee);
    const span = isNode(callee) ? this.text.span(callee["location"]) : null;
    if (name !== null && span !== null) this.sites.push({ kind: "call", span, rule: this.#rule, name });
    for (const argument of args) this.term(argument);
  }

  private term(term: unknown): void {
    if (!isNode(term)) return;
    const { type, value, location } = term;
    if (type === "number" || type === "boolean" || type === "string") {
      const span = this.text.span(location);
      if (span !== null) this.sites.push({ kind: "term", span, rule: this.#rule, type });
    } else if (type === "call") this.call(listOf(value));
    else if (type === "ref") for (const part of listOf(value)) this.term(part);
    else if (isNode(value)) this.comprehension(value);
    else for (const item of listOf(value)) for (const one of Array.isArray(item) ? item : [item]) this.term(one);
  }

  private comprehension(value: Node): void {
    for (const part of ["term", "key", "value"]) this.term(value[part]);
    this.body(value["body"]);
  }
}

/** Every place of a module that an operator may change. `tree` is what `opa parse` printed of `text`. */
export const sitesOf = (text: RegoText, tree: unknown): readonly Site[] => new Walk(text).module(tree);
