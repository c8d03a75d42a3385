/** Nothing but a build that ran here is attested: which code can reach the signature, and what a request can bring along. */
import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { BuildRequest } from "../../proto/build-api.ts";
import { ROUTES } from "../../proto/routes.ts";
import { readSources } from "../house/sources.ts";

const REQUEST = { intake_id: `intake-${"a".repeat(26)}`, target_ref: "refs/heads/main", target: "1".repeat(40), commit: "1".repeat(40), name: "app" };

test("attack: a request brings provenance, subjects, a recipe or outputs of its own: no field of it takes them", () => {
  expect(Value.Check(BuildRequest, REQUEST)).toBe(true);
  for (const more of [{ provenance: {} }, { subject: [] }, { run: ["true"] }, { outputs: ["a"] }, { builder: "urn:x" }, { digest: "a".repeat(64) }]) expect(Value.Check(BuildRequest, { ...REQUEST, ...more })).toBe(false);
  expect(Object.keys(BuildRequest.properties).sort()).toEqual(["commit", "intake_id", "name", "repeat", "target", "target_ref"]);
  // Two routes speak of builds: one has a declared one run, one reads what it left.
  expect(Object.entries(ROUTES).filter(([, { path }]) => path.startsWith("/v1/builds")).map(([name, { method }]) => `${name} ${method}`)).toEqual(["build POST", "buildFiles GET"]);
});

test("the signature over provenance is asked for in one place, which follows a run in the sandbox", () => {
  const production = readSources().filter(({ path, test: isTest }) => !isTest && path.startsWith("daemon/"));
  const calls = (pattern: RegExp): string[] => production.filter(({ code }) => pattern.test(code)).map(({ path }) => path).sort();
  expect(calls(/\bevidence\.provenance\(/)).toEqual(["daemon/building/record.ts"]);
  expect(calls(/\brecordBuild\(/)).toEqual(["daemon/building/index.ts", "daemon/building/record.ts"]);
  expect(calls(/\blogProvenance\(/)).toEqual(["daemon/evidence/provenance.ts"]);
});
