/** Random JSON schemas with the real engine: what ends parses and fits, whatever the model would rather have said. */
import { afterAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { accepts } from "./rig/accepts.ts";
import { fits } from "./rig/fits.ts";
import { engineFolder, TEXT_MODEL } from "./rig/models.ts";
import { textModels } from "./rig/texts.ts";

const SCHEMAS = 200;
const SEED = 9;
/** A minute or two where nobody else works. */
const DEADLINE_MS = 1_800_000;
const folder = mkdtempSync(join(tmpdir(), "maestro-json-"));
const engine = await engineFolder();
const models = await textModels(folder, { sequences: 1, context_tokens: 256, threads_max: 1 });
afterAll(async () => {
  await models.close();
  rmSync(folder, { recursive: true });
});

type Schema = Readonly<Record<string, unknown>>;
const bounds = (least: number, most: number) => fc.tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most })).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
const constant = fc.oneof(fc.string({ maxLength: 4 }), fc.integer({ min: -99, max: 99 }), fc.boolean(), fc.constant(null));
const leaf: fc.Arbitrary<Schema> = fc.oneof(
  bounds(-1_500, 1_500).map(([minimum, maximum]) => ({ type: "integer", minimum, maximum })),
  fc.constantFrom<Schema>({ type: "boolean" }, { type: "null" }, { type: "integer" }, { type: "number" }, { type: ["integer", "null"] }),
  bounds(0, 6).map(([minLength, maxLength]) => ({ type: "string", minLength, maxLength })),
  fc.array(constant, { minLength: 1, maxLength: 5 }).map((values) => ({ enum: values })),
  constant.map((value) => ({ const: value })),
);
const { schema } = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    leaf,
    fc.tuple(tie("schema"), bounds(0, 2)).map(([items, [minItems, maxItems]]) => ({ type: "array", items, minItems, maxItems })),
    fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), tie("schema"), { maxKeys: 2, noNullPrototype: true }).map((properties) => ({ type: "object", properties, required: Object.keys(properties), additionalProperties: false })),
    fc.tuple(tie("schema"), leaf).map((anyOf) => ({ anyOf })),
  ),
}));

accepts(engine, `${SCHEMAS} random schemas: every answer that ends parses and fits its own`, async () => {
  let [ended, tokens] = [0, 0];
  for (const json_schema of fc.sample(schema, { numRuns: SCHEMAS, seed: SEED })) {
    const { text, finish, completion_tokens } = await models.generate({ model: TEXT_MODEL, prompt: { text: "JSON: " }, space: { tenant: null, task: "accept" }, max_tokens: 48, temperature: 1, seed: tokens, json_schema });
    tokens += completion_tokens;
    if (finish !== "stop") continue;
    ended += 1;
    const said: unknown = JSON.parse(text);
    expect([json_schema, text, fits(said, json_schema)]).toEqual([json_schema, text, true]);
  }
  process.stdout.write(`| ${SCHEMAS} schemas | ${ended} answers ended | ${tokens} tokens |\n`);
  // The others were cut at their last token.
  expect(ended).toBeGreaterThanOrEqual(SCHEMAS * 0.9);
}, DEADLINE_MS);
