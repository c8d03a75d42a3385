/** Whoever stores something new says how long it is kept: each table and media type has exactly one class; folders are looked at in `integrity/expiry.test.ts`. */
import { expect, test } from "bun:test";
import { CLASS_TEXT, MEDIA_CLASS, RETENTION_CLASSES, Retention, TABLE_CLASS } from "../../proto/retention.ts";
import { Value } from "@sinclair/typebox/value";
import { readSources } from "../house/sources.ts";

const sources = readSources().filter(({ path, test }) => !test && /^(?:daemon|proto)\//.test(path) && !/\/testing\/|crash-writer|flip-reader|proto\/retention/.test(path));
const found = (pattern: RegExp): string[] => [...new Set(sources.flatMap(({ text }) => [...text.matchAll(pattern)].map((match) => match[1]!)))].sort();

/** Media types of others' formats that travel inside a bundle or are only read, and of what the command line writes for somebody else. */
const NOT_STORED = /^application\/vnd\.(?:oci\.|dev\.sigstore\.|in-toto|cyclonedx|github|msgpack|maestro\.(?:change|released|(?:evidence|shipment)-bundle)\.)/;

test("every table has a class, and every class of a table a table", () => {
  const tables = found(/\.table(?:<[^;()]*>)?\("([a-z._]+)"/g);
  expect(tables.length).toBeGreaterThan(30);
  expect([tables.filter((name) => !Object.hasOwn(TABLE_CLASS, name)), Object.keys(TABLE_CLASS).filter((name) => !tables.includes(name))]).toEqual([[], []]);
});

test("every media type of what is stored has a class", () => {
  const types = found(/"(application\/vnd\.[a-z0-9.+-]+)"/g).filter((type) => !NOT_STORED.test(type));
  expect([types.length > 5, types.filter((type) => !Object.hasOwn(MEDIA_CLASS, type))]).toEqual([true, []]);
});

test("a class without a setting holds no text of a change; defaults keep evidence for ever, and nothing can be set below its bound", () => {
  expect(RETENTION_CLASSES.filter((each) => CLASS_TEXT[each].setting === null)).toEqual(["node", "log", "accounting"]);
  expect(Value.Create(Retention)).toEqual({ evidence_days: 0, personal_days: 365, source_days: 90, cache_days: 30, export_days: 1, quarantine_days: 90, episodes_days: 90 });
  expect([29, 30, 0, -1, 36_501, 30.5].map((evidence_days) => Value.Check(Retention, { ...Value.Create(Retention), evidence_days }))).toEqual([false, true, true, false, false, false]);
});
