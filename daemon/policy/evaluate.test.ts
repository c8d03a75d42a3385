import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { evaluatePolicies } from "./evaluate.ts";
import { policyInput } from "./input.ts";
import { readTar } from "../platform/archive/tar.ts";
import { finding, outcome, subject } from "./testing/subject.ts";
import { tarGz } from "../platform/archive/testing/tar.ts";

const DEFAULT = new URL("../../policies/default/bundle.tar.gz", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "maestro-policy-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function keep(bytes: Uint8Array): string {
  const path = join(folder, `${count++}.tar.gz`);
  writeFileSync(path, bytes);
  return path;
}

/** A bundle, the default one, with other members in place of its own. */
async function altered(change: Record<string, string | Uint8Array>, bundle = DEFAULT): Promise<string> {
  const files = readTar(gunzipSync(await Bun.file(bundle).bytes()), { entries_max: 8, one_leading_slash: true });
  return keep(tarGz([...files].map(([name, content]) => ({ name, content: change[name] ?? content }))));
}

const outcomes = [
  outcome("ci", { findings: [finding("ci.changed")] }),
  outcome("secrets", { findings: [finding("secret.token", { tags: ["test-path"] }), finding("made.up")] }),
];
const input = policyInput(subject({ outcomes }));
const agent = policyInput(subject({ outcomes, actor: { class: "agent", authenticated: false, name: "Ada", agent: "Claude", signs: [] } }));

async function unavailable(...bundles: string[]): Promise<string> {
  const result = await evaluatePolicies({ bundles, input });
  return result.result === "unavailable" ? result.because : `decided: ${JSON.stringify(result)}`;
}

describe("the default policy", () => {
  test("answers by class, softens by tag, and says nothing of a rule it does not know", async () => {
    const person = await evaluatePolicies({ bundles: [DEFAULT], input });
    expect(person).toEqual({
      result: "decided",
      answers: [
        {
          actor: "human",
          effects: [
            { finding: 0, effect: "pass", mode: "enforce", because: "CI configuration changed by a person" },
            { finding: 1, effect: "hold", mode: "enforce", because: "credential added by a person, in a test path" },
          ],
          reasons: [],
        },
      ],
    });
    const other = await evaluatePolicies({ bundles: [DEFAULT], input: agent });
    expect(other).toMatchObject({ answers: [{ actor: "agent", effects: [{ effect: "hold" }, { effect: "hold" }] }] });
  });

  test("several bundles each answer, in their order", async () => {
    const quiet = await altered({ "data.json": JSON.stringify({ maestro: { table: { authors: {}, tags: {}, rules: {} } } }) });
    const result = await evaluatePolicies({ bundles: [quiet, DEFAULT], input });
    expect(result).toMatchObject({ result: "decided", answers: [{ effects: [] }, { effects: [{ finding: 0 }, { finding: 1 }] }] });
  });

  test("nothing of one change reaches the next", async () => {
    const first = await evaluatePolicies({ bundles: [DEFAULT], input });
    await evaluatePolicies({ bundles: [DEFAULT], input: agent });
    expect(await evaluatePolicies({ bundles: [DEFAULT], input })).toEqual(first);
  });
});

describe("no answer is unavailable, with a reason and what to do", () => {
  test("a bundle that is not there", async () => {
    expect(await unavailable(join(folder, "nowhere.tar.gz"))).toContain("the policy bundle is not there");
  });

  test("a file that is no bundle", async () => {
    expect(await unavailable(keep(new Uint8Array(10)))).toMatch(/not a whole gzip file; rebuild it with/);
  });

  test("one broken bundle among good ones: half a policy is no policy", async () => {
    expect(await unavailable(DEFAULT, keep(new Uint8Array(10)))).toContain("policy bundle 2");
  });

  test("no bundle at all", async () => {
    expect(await unavailable()).toContain("no policy bundle");
  });

  test("code that is not WebAssembly, named by the bundle's own name", async () => {
    expect(await unavailable(await altered({ "policy.wasm": "hello" }))).toContain('policy "default@1"');
  });

  test("an answer of the wrong shape, with the place that is wrong", async () => {
    const text = new TextDecoder().decode(readTar(gunzipSync(await Bun.file(DEFAULT).bytes()), { entries_max: 8, one_leading_slash: true }).get("data.json"));
    const because = await unavailable(await altered({ "data.json": text.replaceAll('"mode":"enforce"', '"mode":"perhaps"') }));
    expect(because).toMatch(/not an answer of the form \{actor, effects, reasons\} at \/effects\/0\/mode/);
  });
});

/** A policy that a user might write; `user/gate.rego` has them all, compiled as the documentation says. */
const written = (name: string): Promise<string> => altered({ "data.json": JSON.stringify({ case: name }) }, join(import.meta.dir, "testing/user/bundle.tar.gz"));

describe("a user's policy", () => {
  test("that is undefined for this change is no answer", async () => {
    expect(await unavailable(await written("undefined"))).toMatch(/policy "mine@1": maestro\/gate\/answer is undefined for this change/);
  });

  test("that needs the network is no answer: its built-in is not there", async () => {
    expect(await unavailable(await written("network"))).toMatch(/policy "mine@1": not implemented: built-in function .*http\.send/);
  });

  test("that reads the clock is no answer: the same change must get the same answer", async () => {
    expect(await unavailable(await written("clock"))).toContain("time.now_ns");
  });

  test("that conflicts with itself is no answer", async () => {
    expect(await unavailable(await written("conflict"))).toMatch(/policy "mine@1": .*conflict/);
  });

  test.each(["a bare true", "a verdict of its own", "an unknown field", "an unknown effect", "a negative index", "a fraction for an index", "a number beyond all bounds"])("that answers with %s is no answer", async (name) => {
    const because = await unavailable(await written(name));
    expect(because).toMatch(/policy "mine@1": maestro\/gate\/answer is not an answer of the form/);
  });

  test("raises reasons that hang on no finding, in one order", async () => {
    expect(await evaluatePolicies({ bundles: [await written("reasons")], input })).toMatchObject({ result: "decided", answers: [{ actor: "human", reasons: [{ rule: "team.a" }, { rule: "team.b" }] }] });
  });
});
