/**
 * A typed condition as a program of the symeval kernel. What it cannot say
 * (lists of an event, parts of two texts at once, keys and counts) is said so,
 * and the closure stays.
 */
import { type Input, INPUTS_MAX, type Instruction, INSTRUCTIONS_MAX, type Op, OPS, type Program, STACK_MAX } from "../../../kernels/symeval/index.ts";
import { emitted, NotExpressible, type Emitted } from "../emit/expressible.ts";
import { stepsOf } from "../evaluate/closures.ts";
import { STEP_CHARACTERS, STEP_PLACES } from "../limits.ts";
import { matcher } from "../pattern/match.ts";
import { everyNode, type Local, type Node, type Value } from "../types/node.ts";
import { NOTHING, type Type } from "../types/type.ts";

/** Where the rows of one input come from. */
export type Source =
  | { readonly from: "constant" }
  /** A literal text: its place among all texts of a batch. */
  | { readonly from: "text"; readonly text: string }
  | { readonly from: "field"; readonly name: string; readonly type: Type; readonly old: boolean }
  /** A part that reads one text alone: asked once of each different text, and looked up. */
  | { readonly from: "table"; readonly name: string; readonly type: Type; readonly old: boolean; readonly node: Node };

export interface Lowered {
  readonly program: Program;
  /** In the order of the program's inputs. */
  readonly sources: readonly Source[];
  /** Whether texts are put in order, not only told apart. */
  readonly ordered: boolean;
  /** Steps over lists that a closure would take at most, where no text is longer than `longest`. */
  steps(longest: number): number;
  /** Whether it asks what was before. */
  readonly old: boolean;
}

const isText = ({ name }: Type): boolean => name === "string" || name === "enum";
const kindOf = ({ name }: Type): Input["kind"] => (name === "bool" ? "bool" : name === "double" ? "double" : "int");

const RELATIONS: Readonly<Record<string, Op>> = { "==": "equal", "!=": "unequal", "<": "less", "<=": "at_most", ">": "greater", ">=": "at_least" };
const INTEGERS: Readonly<Record<string, Op>> = { "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "remainder" };
const DOUBLES: Readonly<Record<string, Op>> = { "+": "add_double", "-": "subtract_double", "*": "multiply_double", "/": "divide_double" };
const TIMES: Readonly<Record<string, Op>> = { "+": "add_bounded", "-": "subtract_bounded" };
const DOUBLE_RELATIONS: Readonly<Record<string, Op>> = { "==": "equal_double", "!=": "unequal_double", "<": "less_double", "<=": "at_most_double", ">": "greater_double", ">=": "at_least_double" };
const TRUTHS: Readonly<Record<string, Op>> = { "&&": "and", "||": "or", "==": "equal_bool", "!=": "unequal_bool" };

function constantOf(value: Value, { name }: Type): Input {
  if (name === "bool") return { kind: "bool", constant: value === true };
  return name === "double" ? { kind: "double", constant: value as number } : { kind: "int", constant: BigInt(value as number | bigint) };
}

/** The operator for operands of that type, or undefined. */
function operator(op: string, { name }: Type): Op | undefined {
  if (name === "bool") return TRUTHS[op];
  if (name === "double") return DOUBLES[op] ?? DOUBLE_RELATIONS[op];
  if (name === "duration") return TIMES[op] ?? RELATIONS[op];
  if (name === "string" || name === "enum") return RELATIONS[op];
  return INTEGERS[op] ?? RELATIONS[op];
}

class Lowering {
  readonly inputs: Input[] = [];
  readonly sources: Source[] = [];
  readonly code: Instruction[] = [];
  readonly #places = new Map<string, number>();
  readonly #items = new Map<Local, Node>();
  readonly #tables = new Map<Node, number>();
  readonly #types: ReadonlyMap<string, Type>;
  #depth = 0;
  #old = false;
  old_asked = false;
  ordered = false;
  steps = 0;
  /** Texts that a closure walks over. */
  walks = 0;
  /** Parts of a table that read, join and compare texts of so many parts at most, squared. */
  parts = 0;
  longest = 0;

  constructor(root: Node) {
    this.#types = new Map([...everyNode(root)].flatMap((one) => (one.kind === "field" && one.type.name !== "list" ? [[one.name, one.type] as const] : [])));
  }

  private place(key: string, input: Input, source: Source): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    if (this.inputs.length >= INPUTS_MAX) throw new NotExpressible(`more than ${INPUTS_MAX} fields and constants`);
    this.#places.set(key, this.inputs.length);
    this.sources.push(source);
    return this.inputs.push(input) - 1;
  }

  private add(op: Op, arg = 0): void {
    const takes = op === "among" ? arg + 1 : OPS[op].takes.length;
    this.#depth += 1 - takes;
    if (this.#depth > STACK_MAX) throw new NotExpressible(`more than ${STACK_MAX} values at once`);
    if (this.code.push({ op, arg }) > INSTRUCTIONS_MAX) throw new NotExpressible(`more than ${INSTRUCTIONS_MAX} steps`);
  }

  private field(name: string, type: Type): number {
    if (type.name === "list") throw new NotExpressible("a list of an event");
    return this.place(`field ${this.#old} ${name}`, { kind: kindOf(type), constant: null }, { from: "field", name, type, old: this.#old });
  }

  /** Straight where there is an instruction for it, else by a table. */
  lower(node: Node): void {
    const [code, depth, steps, walks, parts] = [this.code.length, this.#depth, this.steps, this.walks, this.parts];
    try {
      this.straight(node);
    } catch (error) {
      if (!(error instanceof NotExpressible)) throw error;
      const read = this.readsOneText(node);
      if (read === null) throw error;
      this.code.length = code;
      [this.#depth, this.steps, this.walks, this.parts] = [depth, steps, walks, parts];
      this.table(node, read);
    }
  }

  private table(node: Node, { name, type }: { readonly name: string; readonly type: Type }): void {
    // The same node stands in the code several times where a macro was written out.
    const nth = this.#tables.get(node) ?? this.#tables.size;
    this.#tables.set(node, nth);
    this.parts += [...everyNode(node)].length ** 2;
    for (const one of everyNode(node)) {
      if (one.kind === "macro" || (one.kind === "binary" && one.type.name === "list")) throw new NotExpressible("a list made of a text");
      if (one.kind === "literal" && typeof one.value === "string") this.longest = Math.max(this.longest, one.value.length);
      // What is walked over is made of so many texts at most.
      if (one.kind === "matches") this.walks += [...everyNode(one)].length * (1 + Math.floor(matcher(one.pattern).places / STEP_PLACES));
      if (one.kind === "call") this.walks += [...everyNode(one)].length;
    }
    this.add("input", this.place(`table ${this.#old} ${nth}`, { kind: kindOf(node.type), constant: null }, { from: "table", name, type, old: this.#old, node }));
  }

  /** The one text that decides `node`, whose own value is no text; else null. */
  private readsOneText(node: Node): { readonly name: string; readonly type: Type } | null {
    if (isText(node.type) || node.type.name === "list" || node.type.name === "nothing") return null;
    const names = new Map<string, Type>();
    for (const one of everyNode(node)) {
      if (["local", "key", "count", "old", "has"].includes(one.kind)) return null;
      if (one.kind === "field") names.set(one.name, one.type);
    }
    const [[name, type] = [], more] = [...names];
    return name === undefined || type === undefined || more !== undefined || !isText(type) ? null : { name, type };
  }

  private straight(node: Node): void {
    switch (node.kind) {
      case "literal":
        if (isText(node.type)) return this.text(String(node.value));
        return this.add("input", this.place(`${node.type.name} ${Object.is(node.value, -0) ? "-0" : String(node.value)}`, constantOf(node.value, node.type), { from: "constant" }));
      case "field":
        return this.add("input", this.field(node.name, node.type));
      case "local": {
        const item = this.#items.get(node.local);
        if (item === undefined) throw new NotExpressible("an item of an event's list");
        return this.lower(item);
      }
      case "has":
        return this.add("has", this.field(node.name, this.#types.get(node.name) ?? NOTHING));
      case "old":
        return this.before(node.operand);
      case "not":
        this.lower(node.operand);
        return this.add("not");
      case "negate":
        this.lower(node.operand);
        return this.add(node.type.name === "double" ? "negate_double" : "negate");
      case "binary":
        return this.binary(node);
      case "cond":
        for (const part of [node.test, node.then, node.else]) this.lower(part);
        return this.add("select");
      case "call":
        return this.call(node);
      case "macro":
        return this.macro(node);
      default:
        throw new NotExpressible(`${node.kind}: no column holds it`);
    }
  }

  private text(text: string): void {
    this.longest = Math.max(this.longest, text.length);
    this.add("input", this.place(`text ${text}`, { kind: "int", constant: null }, { from: "text", text }));
  }

  private before(operand: Node): void {
    if (this.#old) throw new NotExpressible("old within old");
    this.#old = true;
    this.old_asked = true;
    try {
      this.lower(operand);
    } finally {
      this.#old = false;
    }
  }

  private binary({ op, left, right, type }: Extract<Node, { readonly kind: "binary" }>): void {
    if (op === "in") return this.among(left, right);
    if (left.type.name === "list" || (isText(type) && op === "+")) throw new NotExpressible(`${op} of texts and lists`);
    const name = operator(op, left.type);
    if (name === undefined) throw new NotExpressible(`${op} of ${left.type.name}`);
    if (isText(left.type) && name !== "equal" && name !== "unequal") this.ordered = true;
    this.lower(left);
    this.lower(right);
    this.add(name);
  }

  private among(item: Node, list: Node): void {
    if (list.kind !== "list") throw new NotExpressible("in a list that is not written out");
    if (item.type.name === "bool" || item.type.name === "list") throw new NotExpressible(`${item.type.name} in a list`);
    for (const one of [item, ...list.items]) this.lower(one);
    this.add("among", list.items.length);
  }

  private call({ name, args: [first] }: Extract<Node, { readonly kind: "call" }>): void {
    if (first === undefined || (name !== "int" && name !== "double")) throw new NotExpressible(`${name} of more than one text`);
    this.lower(first);
    if (first.type.name !== name) this.add(name === "int" ? "to_int" : "to_double");
  }

  /** Over a list that is written out: its body once for each item. The first item's error is the one that is told, and an operator tells its right side's. */
  private macro(node: Extract<Node, { readonly kind: "macro" }>): void {
    const { macro, list, local, body } = node;
    if ((macro !== "all" && macro !== "exists") || list.kind !== "list" || list.items.length === 0) throw new NotExpressible(`${macro} over a list that is not written out`);
    // What has no value while the list is made leaves no item to ask.
    if (list.items.some((item) => item.kind !== "literal")) throw new NotExpressible(`${macro} over a list of more than literals`);
    for (const [i, item] of [...list.items].reverse().entries()) {
      this.#items.set(local, item);
      this.steps += stepsOf(node);
      this.lower(body);
      if (i > 0) this.add(macro === "all" ? "and" : "or");
    }
    this.#items.delete(local);
  }
}

/** Of a condition; the reason where there is no program for it. */
export function lower(node: Node): Emitted<Lowered> {
  return emitted(() => {
    const lowering = new Lowering(node);
    lowering.lower(node);
    const { inputs, code, sources, steps, walks, parts, longest: literal, old_asked: old, ordered } = lowering;
    // Twice the code: each part reads a text at most, and compares one.
    const most = (longest: number): number => steps + walks * (1 + longest) + (2 * code.length + parts) * (1 + Math.floor(longest / STEP_CHARACTERS));
    return { program: { inputs, code }, sources, ordered, steps: (longest) => most(Math.max(longest, literal)), old };
  });
}
