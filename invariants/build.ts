/** The rules that ship, as the daemon loads them: `bun invariants/build.ts` makes compiled.json of the YAML beside it. A daemon then reads no YAML at its start. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { criticalFlows } from "../daemon/guarding/flows.ts";
import { compileAll, type Events } from "../daemon/invariants/index.ts";
import { typeText } from "../daemon/invariants/types/type.ts";

const FOLDER = import.meta.dir;
/** Where rules are asked, for `maestro invariants coverage`, which loads nothing of the daemon. */
export const FLOWS = join(FOLDER, "flows.json");
export const COMPILED = join(FOLDER, "compiled.json");
/** Their ids alone: for a page, which tells whoever writes a rule that the id is taken. */
export const IDS = join(FOLDER, "ids.json");

const fieldsOf = (events: Events, name: string) => Object.fromEntries([...(events.of(name) ?? [])].map(([field, { type, tainted }]) => [field, tainted ? { type: typeText(type), tainted } : typeText(type)]));

/** Throws where a file is not whole: nothing half compiled ships. */
function shipped() {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml")).sort().map((name) => ({ name, text: readFileSync(join(FOLDER, name), "utf8") }));
  const { compiled, errors, events } = compileAll(files, { examples_required: true });
  if (errors.length > 0) throw new Error(errors.map(({ file, line, column, message, fix }) => `${file}:${line}:${column}: ${message}; ${fix}`).join("\n"));
  return { compiled, events };
}

export function compiledText(): string {
  const { compiled, events } = shipped();
  // What is tried here is not tried again at each start.
  const invariants = compiled.map(({ document: { examples: _, ...document } }) => document).sort((a, b) => (a.id < b.id ? -1 : 1));
  const catalogue = Object.fromEntries([...(events?.names ?? [])].sort().map((name) => [name, { fields: events === null ? {} : fieldsOf(events, name) }]));
  return `${JSON.stringify({ events: catalogue, invariants }, null, 1)}\n`;
}

export const idsText = (): string => `${JSON.stringify(shipped().compiled.map(({ id }) => id).sort(), null, 1)}\n`;

export const flowsText = (): string => `${JSON.stringify(criticalFlows(), null, 1)}\n`;

if (import.meta.main) {
  writeFileSync(COMPILED, compiledText());
  writeFileSync(IDS, idsText());
  writeFileSync(FLOWS, flowsText());
}
