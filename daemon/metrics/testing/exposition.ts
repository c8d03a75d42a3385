/** A reader of the Prometheus text format 0.0.4, written from its grammar and not from our writer: strict, so that a line Prometheus would refuse fails the test. */

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (NaN|[+-]Inf|[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[-+]?\\d+)?)$`, "s");
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const SUFFIXES = ["_bucket", "_sum", "_count"];

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== ""; ) {
    const found = LABEL.exec(rest);
    if (found === null) throw new Error(`no label: ${rest}`);
    const [whole, name = "", value = ""] = found;
    if (Object.hasOwn(labels, name)) throw new Error(`label ${name} twice`);
    labels[name] = value.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
    rest = rest.slice(whole.length);
  }
  return labels;
}

const numberOf = (text: string): number => (text.endsWith("Inf") ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text));

export class Exposition {
  readonly types: Record<string, string> = {};
  readonly samples: Sample[] = [];

  constructor(text: string) {
    if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end");
    for (const line of text.split("\n").slice(0, -1)) this.take(line);
  }

  private take(line: string): void {
    const header = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (header !== null) {
      const [, kind, name = "", said = ""] = header;
      if (kind === "HELP") return;
      if (Object.hasOwn(this.types, name)) throw new Error(`second TYPE of ${name}`);
      if (!["counter", "gauge", "histogram"].includes(said)) throw new Error(`type ${said}`);
      this.types[name] = said;
      return;
    }
    const found = SAMPLE.exec(line);
    if (found === null) throw new Error(`no sample: ${line}`);
    const [, name = "", labels = "", value = ""] = found;
    const family = SUFFIXES.map((suffix) => name.endsWith(suffix) ? name.slice(0, -suffix.length) : name).find((base) => this.types[base] === "histogram") ?? name;
    if (this.types[family] === undefined) throw new Error(`${name} comes before its TYPE`);
    const sample = { name, labels: labelsOf(labels), value: numberOf(value) };
    if (this.find(name, sample.labels) !== undefined) throw new Error(`twice: ${line}`);
    this.samples.push(sample);
  }

  private find(name: string, labels: Readonly<Record<string, string>>): Sample | undefined {
    const key = (of: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(of).sort());
    return this.samples.find((sample) => sample.name === name && key(sample.labels) === key(labels));
  }

  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    return this.find(name, labels)?.value;
  }

  names(): string[] {
    return [...new Set(this.samples.map(({ name }) => name))];
  }

  sum(name: string): number {
    return this.samples.filter((sample) => sample.name === name).reduce((total, { value }) => total + value, 0);
  }
}

export const readExposition = (text: string): Exposition => new Exposition(text);
