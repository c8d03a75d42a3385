/** Whether a text is one of a grammar: slow and plain, for the part of GBNF that `schemaGrammar` writes. */

type Match = (text: string, at: number) => Set<number>;

/** Reads one rule's body; every function gives the places where a match may end. */
class Reader {
  at = 0;
  constructor(
    private readonly body: string,
    private readonly rule: (name: string) => Match,
  ) {}

  choice(): Match {
    const options = [this.series()];
    while (this.take("|")) options.push(this.series());
    return (text, at) => new Set(options.flatMap((one) => [...one(text, at)]));
  }

  private series(): Match {
    const items: Match[] = [];
    for (this.blank(); this.at < this.body.length && !"|)".includes(this.body[this.at]!); this.blank()) items.push(this.repeated());
    return (text, at) => items.reduce((ends, item) => new Set([...ends].flatMap((end) => [...item(text, end)])), new Set([at]));
  }

  private repeated(): Match {
    const item = this.item();
    const bounds = /^\{(\d+)(,(\d+))?\}/.exec(this.body.slice(this.at));
    if (this.body[this.at] === "?") return (this.at++, times(item, 0, 1));
    if (bounds === null) return item;
    this.at += bounds[0].length;
    return times(item, Number(bounds[1]), Number(bounds[3] ?? bounds[1]));
  }

  private item(): Match {
    const rest = this.body.slice(this.at);
    const string = /^"((?:[^"\\]|\\.)*)"/.exec(rest);
    if (string !== null) {
      this.at += string[0].length;
      const wanted = string[1]!.replace(/\\(.)/g, (_, one: string) => ({ n: "\n", r: "\r", t: "\t" })[one] ?? one);
      return (text, at) => (text.startsWith(wanted, at) ? new Set([at + wanted.length]) : new Set());
    }
    const set = /^\[((?:[^\]\\]|\\.)*)\]/.exec(rest);
    if (set !== null) {
      this.at += set[0].length;
      const pattern = new RegExp(`[${set[1]}]`, "uy");
      return (text, at) => ((pattern.lastIndex = at), at < text.length && pattern.test(text) ? new Set([pattern.lastIndex]) : new Set());
    }
    if (this.take("(")) {
      const inner = this.choice();
      this.take(")");
      return inner;
    }
    const name = /^[a-z]\w*/.exec(rest)![0];
    this.at += name.length;
    return (text, at) => this.rule(name)(text, at);
  }

  private take(wanted: string): boolean {
    this.blank();
    if (this.body[this.at] !== wanted) return false;
    this.at++;
    return true;
  }

  private blank(): void {
    while (this.body[this.at] === " ") this.at++;
  }
}

function times(item: Match, min: number, max: number): Match {
  return (text, at) => {
    const ends = new Set<number>(min === 0 ? [at] : []);
    for (let i = 1, now = new Set([at]); i <= max && now.size > 0; i++) {
      now = new Set([...now].flatMap((end) => [...item(text, end)]));
      if (i >= min) for (const end of now) ends.add(end);
    }
    return ends;
  };
}

export function accepts(gbnf: string, text: string): boolean {
  const bodies = new Map(gbnf.trim().split("\n").map((line) => [line.slice(0, line.indexOf(" ::= ")), line.slice(line.indexOf(" ::= ") + 5)] as const));
  const rules = new Map<string, Match>();
  const rule = (name: string): Match => {
    const known = rules.get(name) ?? new Reader(bodies.get(name)!, rule).choice();
    rules.set(name, known);
    return known;
  };
  return rule("root")(text, 0).has(text.length);
}
