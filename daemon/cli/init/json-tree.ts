/** JSON with the places of its parts, so that an edit touches what it adds or takes and nothing else. Comments and trailing commas, which some agents allow in their settings, are stepped over and kept. */

export interface JsonNode {
  readonly kind: "object" | "array" | "other";
  readonly start: number;
  /** Behind the last character. */
  readonly end: number;
  readonly members: readonly { readonly key: string; readonly start: number; readonly value: JsonNode }[];
  readonly items: readonly JsonNode[];
  /** The text of a string; null for anything else. */
  readonly text: string | null;
}

/** Not JSON, and where. */
export class JsonProblem extends Error {
  constructor(
    readonly line: number,
    message: string,
  ) {
    super(message);
  }
}

const DEPTH_MAX = 64;
const LITERAL = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/;
const STRING = /^"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/;

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): JsonNode {
    if (this.text.charCodeAt(0) === 0xfeff) this.at++;
    this.space();
    const node = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail("more behind the end of the document");
    return node;
  }

  private fail(message: string): never {
    throw new JsonProblem(this.text.slice(0, this.at).split("\n").length, message);
  }

  private space(): void {
    for (;;) {
      const rest = /^(?:\s+|\/\/[^\n]*|\/\*[^]*?\*\/)/.exec(this.text.slice(this.at));
      if (rest === null) return;
      this.at += rest[0].length;
    }
  }

  private value(depth: number): JsonNode {
    if (depth > DEPTH_MAX) this.fail(`more than ${DEPTH_MAX} deep`);
    const start = this.at;
    const char = this.text[start];
    if (char === "{") return this.object(start, depth);
    if (char === "[") return this.array(start, depth);
    const string = char === '"' ? this.string() : null;
    if (string !== null) return { kind: "other", start, end: this.at, members: [], items: [], text: string };
    const literal = LITERAL.exec(this.text.slice(start, start + 64));
    if (literal === null) return this.fail(char === undefined ? "the document ends too early" : `${JSON.stringify(char)} where a value should begin`);
    this.at += literal[0].length;
    return { kind: "other", start, end: this.at, members: [], items: [], text: null };
  }

  private string(): string {
    const found = STRING.exec(this.text.slice(this.at));
    if (found === null) return this.fail("a string that is not closed or not valid");
    this.at += found[0].length;
    return JSON.parse(found[0]) as string;
  }

  private object(start: number, depth: number): JsonNode {
    const members: { key: string; start: number; value: JsonNode }[] = [];
    this.list("}", () => {
      const at = this.at;
      if (this.text[at] !== '"') this.fail("a key in double quotes is expected");
      const key = this.string();
      if (members.some((member) => member.key === key)) this.fail(`the key ${JSON.stringify(key)} stands there twice`);
      this.space();
      if (this.text[this.at] !== ":") this.fail("a colon is expected");
      this.at++;
      this.space();
      members.push({ key, start: at, value: this.value(depth + 1) });
    });
    return { kind: "object", start, end: this.at, members, items: [], text: null };
  }

  private array(start: number, depth: number): JsonNode {
    const items: JsonNode[] = [];
    this.list("]", () => void items.push(this.value(depth + 1)));
    return { kind: "array", start, end: this.at, members: [], items, text: null };
  }

  private list(close: string, element: () => void): void {
    this.at++;
    this.space();
    while (this.text[this.at] !== close) {
      element();
      this.space();
      const char = this.text[this.at];
      if (char === ",") {
        this.at++;
        this.space();
      } else if (char !== close) this.fail(`a comma or ${JSON.stringify(close)} is expected`);
    }
    this.at++;
  }
}

/** Throws `JsonProblem`. */
export const parseTree = (text: string): JsonNode => new Reader(text).whole();

export const memberOf = (node: JsonNode, key: string): JsonNode | null => node.members.find((member) => member.key === key)?.value ?? null;

/** Every string in it, at any depth. */
export function stringsIn(node: JsonNode): string[] {
  return [...(node.text === null ? [] : [node.text]), ...node.members.flatMap(({ value }) => stringsIn(value)), ...node.items.flatMap(stringsIn)];
}
