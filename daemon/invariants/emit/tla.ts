/**
 * Conditions and formulas as TLA+ text. TLC's integers have 32 bits and it
 * stops with an error beyond them, or where a part has no value: never a pass,
 * so nothing weaker than the rule is ever checked.
 */
import type { BinaryOp } from "../../../proto/expr.ts";
import type { TypedFormula } from "../types/formula.ts";
import type { Local, Node, Value } from "../types/node.ts";
import type { Type } from "../types/type.ts";
import { emitted, NotExpressible, type Emitted } from "./expressible.ts";

export interface TlaText {
  readonly text: string;
  /** Modules that EXTENDS has to name. */
  readonly modules: readonly string[];
  /** Operators that the module has to define before. */
  readonly definitions: readonly string[];
  /** Variables of the module that the text reads. */
  readonly variables: readonly string[];
}

const TLC_INT_MAX = 2n ** 31n - 1n;
/** Specifying Systems, table 6 and section 15.1. */
const KEYWORDS = new Set("ACTION ASSUME ASSUMPTION AXIOM BY CASE CHOOSE CONSTANT CONSTANTS DEF DEFINE DEFS DOMAIN ELSE ENABLED EXCEPT EXTENDS HAVE HIDE IF IN INSTANCE LAMBDA LET LEMMA LOCAL MODULE NEW OBVIOUS OMITTED OTHER PICK PROOF PROPOSITION PROVE QED RECURSIVE STATE SUBSET SUFFICES TAKE TEMPORAL THEN THEOREM UNCHANGED UNION USE VARIABLE VARIABLES WITH WITNESS BOOLEAN STRING TRUE FALSE Nat Int Seq Len Append Head Tail SubSeq SelectSeq Cardinality now".split(" "));
const DIVISION = "MaestroDiv(a, b) == LET q == (IF a < 0 THEN -a ELSE a) \\div (IF b < 0 THEN -b ELSE b) IN IF (a < 0) = (b < 0) THEN q ELSE -q";
const REMAINDER = "MaestroRem(a, b) == a - b * MaestroDiv(a, b)";

const OPERATORS: Readonly<Partial<Record<BinaryOp, string>>> = { "||": "\\/", "&&": "/\\", "==": "=", "!=": "#", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "+": "+", "-": "-", "*": "*" };

function identifier(name: string): string {
  if (!/[A-Za-z]/.test(name) || /^(?:WF_|SF_)/.test(name) || KEYWORDS.has(name)) throw new NotExpressible(`the name ${name}, which TLA+ keeps for itself`);
  return name;
}

function number(value: Value): string {
  const whole = BigInt(value as number | bigint);
  if (whole > TLC_INT_MAX || whole < -TLC_INT_MAX) throw new NotExpressible(`the number ${whole}: TLC's integers have 32 bits`);
  return whole < 0n ? `(-${-whole})` : String(whole);
}

function text(value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value)) throw new NotExpressible("a string beyond ASCII");
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function plain(type: Type): void {
  if (type.name === "list") plain(type.item);
  if (type.name === "double") throw new NotExpressible("a double: TLA+ has no floating point, and a real number is another one");
}

class TlaEmitter {
  readonly modules = new Set<string>();
  readonly definitions = new Set<string>();
  readonly variables = new Set<string>();
  readonly #locals = new Map<Local, string>();
  #names = 0;

  /** TLA+ refuses a name that is defined again inside its own scope. */
  private fresh(): string {
    this.#names += 1;
    return `m_${this.#names}`;
  }

  emit(node: Node): string {
    plain(node.type);
    switch (node.kind) {
      case "literal":
        return this.literal(node.value);
      case "field": {
        const name = identifier(node.name);
        this.variables.add(name);
        return name;
      }
      case "local":
        return this.#locals.get(node.local)!;
      case "has":
        // A variable of a module always has a value.
        throw new NotExpressible("has(): a variable of TLA+ is always there");
      case "key":
      case "count":
        throw new NotExpressible("keys and counts of a monitor: TLA+ has no past, keep a variable for it in the module");
      case "old":
        throw new NotExpressible("old(x) in a state: write an action property over x and x'");
      case "list":
        this.modules.add("Sequences");
        return `<<${node.items.map((item) => this.emit(item)).join(", ")}>>`;
      case "index":
        // CEL's first item is 0, TLA+'s is 1.
        return `${this.emit(node.object)}[${this.emit(node.index)} + 1]`;
      case "not":
        return `~(${this.emit(node.operand)})`;
      case "negate":
        this.modules.add("Integers");
        return `(-(${this.emit(node.operand)}))`;
      case "binary":
        return this.binary(node);
      case "cond":
        return `(IF ${this.emit(node.test)} THEN ${this.emit(node.then)} ELSE ${this.emit(node.else)})`;
      case "call":
        return this.call(node);
      case "matches":
        throw new NotExpressible("matches: TLA+ looks into no string");
      case "macro":
        return this.macro(node);
    }
  }

  private literal(value: Value): string {
    if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
    return typeof value === "string" ? text(value) : number(value);
  }

  private binary(node: Extract<Node, { readonly kind: "binary" }>): string {
    const { op, left, right } = node;
    const [a, b] = [this.emit(left), this.emit(right)];
    if (left.type.name === "string" && (op === "+" || /^[<>]/.test(op))) throw new NotExpressible(`${op} of strings: TLA+ only compares them with = and #`);
    if (left.type.name === "list" && op === "+") {
      this.modules.add("Sequences");
      return `(${a} \\o ${b})`;
    }
    if (op === "in") {
      this.modules.add("Sequences").add("Integers");
      const [list, place] = [this.fresh(), this.fresh()];
      return `(LET ${list} == ${b} IN \\E ${place} \\in 1..Len(${list}) : ${list}[${place}] = ${a})`;
    }
    if (left.type.name !== "bool") this.modules.add("Integers");
    if (op === "/" || op === "%") {
      this.definitions.add(DIVISION);
      if (op === "%") this.definitions.add(REMAINDER);
      return `${op === "/" ? "MaestroDiv" : "MaestroRem"}(${a}, ${b})`;
    }
    return `(${a} ${OPERATORS[op] ?? ""} ${b})`;
  }

  private call(node: Extract<Node, { readonly kind: "call" }>): string {
    const [first] = node.args;
    if (first !== undefined && node.name === "size" && first.type.name === "list") {
      this.modules.add("Sequences");
      return `Len(${this.emit(first)})`;
    }
    if (first !== undefined && node.name === "int") return this.emit(first);
    throw new NotExpressible(`${node.name}: TLA+ looks into no string`);
  }

  private macro({ macro, list, local, body }: Extract<Node, { readonly kind: "macro" }>): string {
    this.modules.add("Sequences").add("Integers");
    const over = this.emit(list);
    const [name, items, place] = [this.fresh(), this.fresh(), this.fresh()];
    this.#locals.set(local, name);
    const condition = this.emit(body);
    const each = (quantifier: string): string => `(LET ${items} == ${over} IN ${quantifier} ${place} \\in 1..Len(${items}) : LET ${name} == ${items}[${place}] IN ${condition})`;
    switch (macro) {
      case "all":
        return each("\\A");
      case "exists":
        return each("\\E");
      case "exists_one":
        return `(Len(SelectSeq(${over}, LAMBDA ${name} : ${condition})) = 1)`;
      case "filter":
        return `SelectSeq(${over}, LAMBDA ${name} : ${condition})`;
      case "map":
        return `(LET ${items} == ${over} IN [${place} \\in 1..Len(${items}) |-> LET ${name} == ${items}[${place}] IN ${condition}])`;
    }
  }

  /** A formula that looks at one state. */
  state(formula: TypedFormula): string {
    switch (formula.form) {
      case "holds":
        return this.emit(formula.node);
      case "event": {
        // A module says which event a step was by a variable of that name.
        this.variables.add("event");
        const here = `event = "${formula.event}"`;
        return formula.where === null ? `(${here})` : `(${here} /\\ ${this.emit(formula.where)})`;
      }
      case "not":
        return `~(${this.state(formula.body)})`;
      case "and":
      case "or":
        return `(${this.state(formula.left)} ${formula.form === "and" ? "/\\" : "\\/"} ${this.state(formula.right)})`;
      default:
        throw new NotExpressible(`${formula.form} inside another form: TLA+ would need a variable that remembers, add one to the module`);
    }
  }

  /** With a bound the answer has to come while the clock `now` says so, for each time it may have started at. */
  private within(started: string, answer: string, within_ms: number | null): string {
    if (within_ms === null) return `((${started}) ~> (${answer}))`;
    this.variables.add("now");
    this.modules.add("Integers");
    return `(\\A start \\in Clock : ((${started}) /\\ now = start) ~> ((${answer}) /\\ now <= start + ${number(within_ms)}))`;
  }

  temporal(formula: TypedFormula): string {
    switch (formula.form) {
      case "always":
        return `[](${this.state(formula.body)})`;
      case "never":
        return `[]~(${this.state(formula.body)})`;
      case "eventually":
        if (formula.within_ms === null) return `<>(${this.state(formula.body)})`;
        this.variables.add("now");
        return `<>((${this.state(formula.body)}) /\\ now <= ${number(formula.within_ms)})`;
      case "leads_to":
        return this.within(this.state(formula.left), this.state(formula.right), formula.within_ms);
      case "until":
        throw new NotExpressible("until: TLA+ has none; keep a variable that remembers whether the right side has come");
      default:
        return `[](${this.state(formula)})`;
    }
  }

  result(written: string): TlaText {
    return { text: written, modules: [...this.modules].sort(), definitions: [...this.definitions], variables: [...this.variables].sort() };
  }
}

/** A state predicate: true in every state in which the rule holds. */
export function emitTla(node: Node): Emitted<TlaText> {
  return emitted(() => {
    const emitter = new TlaEmitter();
    return emitter.result(emitter.emit(node));
  });
}

/**
 * A temporal property. Bounded forms read a variable `now`, milliseconds
 * since the first state, and quantify over a finite constant set `Clock` of
 * the values it can have; events read a variable `event`.
 */
export function emitTlaFormula(formula: TypedFormula): Emitted<TlaText> {
  return emitted(() => {
    const emitter = new TlaEmitter();
    return emitter.result(emitter.temporal(formula));
  });
}
