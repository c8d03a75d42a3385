/** Rules every schema of the contract keeps, found by reading what the modules export. */
import { expect, test } from "bun:test";
import { Kind, type TSchema } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";

function isSchema(value: unknown): value is TSchema {
  return typeof value === "object" && value !== null && Kind in value;
}

const schemas = new Map<string, TSchema>();
for (const file of new Bun.Glob("*.ts").scanSync(import.meta.dir)) {
  if (file.endsWith(".test.ts")) continue;
  const exported: Record<string, unknown> = await import(`./${file}`);
  for (const [name, value] of Object.entries(exported)) if (isSchema(value)) schemas.set(`${file} ${name}`, value);
}

/** Statements and trusted roots of others may say more than is read of them; the formats ask verifiers to ignore it. */
const FOREIGN = "foreign-bundle.ts ";

/** A JSON Schema that a caller wrote: data to us, of which a grammar is made or a refusal that names the keyword. */
const CALLERS_SCHEMA = /^openai\.ts (?:ChatCompletionRequest\/properties\/response_format\/anyOf\/\d+|ResponseFormat)\/anyOf\/\d+\/properties\/json_schema\/properties\/schema$/;

/** Paths of objects that would take a field nobody named. */

function open(schema: unknown, path: string): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const found: string[] = [];
  if ("type" in schema && schema.type === "object") {
    const closed = "additionalProperties" in schema && schema.additionalProperties === false;
    const record = Kind in schema && schema[Kind] === "Record";
    if (!closed && !record) found.push(path);
  }
  return [...found, ...Object.entries(schema).flatMap(([key, value]) => open(value, `${path}/${key}`))];
}

test("every schema compiles", () => {
  const broken = [...schemas].filter(([, schema]) => {
    try {
      return TypeCompiler.Compile(schema).Code().length === 0;
    } catch {
      return true;
    }
  });
  expect(broken.map(([name]) => name)).toEqual([]);
  expect(schemas.size).toBeGreaterThan(80);
});

test("every object is closed: an unknown field is an error, never ignored", () => {
  expect([...schemas].filter(([name]) => !name.startsWith(FOREIGN)).flatMap(([name, schema]) => open(schema, name)).filter((path) => !CALLERS_SCHEMA.test(path))).toEqual([]);
});

test("what is open is other people's format, and has nothing but it beside itself", () => {
  const left_open = [...schemas].filter(([name]) => name.startsWith(FOREIGN)).flatMap(([name, schema]) => open(schema, name));
  expect(new Set(left_open.map((path) => path.split("/")[0]))).toEqual(new Set([`${FOREIGN}ForeignStatement`, `${FOREIGN}ForeignTrustedRoot`]));
});

test("canary: an open object and a broken schema are noticed", () => {
  const planted = { [Kind]: "Object", type: "object", properties: { inner: { [Kind]: "Object", type: "object", properties: {} } } };
  expect(open(planted, "planted")).toEqual(["planted", "planted/properties/inner"]);
});

/** Numbers that are not whole: a float in a record would be hashed differently by two machines. */
function floats(schema: unknown, path: string): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const whole = "const" in schema && Number.isSafeInteger(schema.const);
  const own = "type" in schema && schema.type === "number" && !whole ? [path] : [];
  return [...own, ...Object.entries(schema).flatMap(([key, value]) => floats(value, `${path}/${key}`))];
}

/** The values of a rule's examples, of which a field may be a double: a person's file, whose digest is that of its text. */
const EXAMPLES = /^invariant\.ts (?:Example|InvariantDocument\/properties\/examples)\/.*\/patternProperties\/[^/]*\/anyOf\/1$/;

/** Chances, rewards and prices: doubles by their nature, shown, compared and named by a digest. What is signed of them is whole numbers with a scale. */
const LEARNED = /^(?:(?:episode|evaluation|market|partition|resource|routing|routing-policy)\.ts |config\.ts HostConfig\/properties\/(?:routers|market|models\/properties\/prices)\/|models-config\.ts ModelsSetting\/properties\/prices\/|(?:market-note\.ts MarketNow|usage\.ts ChangeCost\/properties\/market|api\.ts Gate(?:Reply|Result|Event\/anyOf\/\d+)\/properties\/cost\/properties\/market)\/)/;

/** How a model is to choose its words, and an adapter's weight: asked for as a fraction by every such interface, never signed nor in evidence. */
const SAMPLING = /^(?:model-work|chat|openai|egress)\.ts .*\/(?:temperature|top_p|min_p|scale)(?:\/anyOf\/0)?$/;

/** What OpenAI's clients and llama.cpp's are told: parts of a vector, and times that are whole microseconds in `Generated`. */
const TOLD = /^openai\.ts (?:.*\/(?:prompt|predicted)_ms|EmbeddingList\/.*\/embedding\/anyOf\/0\/items)$/;

test("no schema takes a fraction, but for what a person writes as an example, what is learned from, and what a model is asked and told with", () => {
  const found = [...schemas].flatMap(([name, schema]) => floats(schema, name));
  const named = [EXAMPLES, LEARNED, SAMPLING, TOLD];
  expect(found.filter((path) => !named.some((kind) => kind.test(path)))).toEqual([]);
  expect(named.filter((kind) => !found.some((path) => kind.test(path)))).toEqual([]);
  expect(found.length).toBeGreaterThan(0);
  expect(floats({ type: "number" }, "planted")).toEqual(["planted"]);
});
