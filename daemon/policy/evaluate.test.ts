import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { findOpa, OPA_VERSION } from "../../policies/build.ts";
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

/** The default bundle with other members in place of its own. */
async function altered(change: Record<string, string | Uint8Array>): Promise<string> {
  const files = readTar(gunzipSync(await Bun.file(DEFAULT).bytes()), { entries_max: 8, one_leading_slash: true });
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

const opa = await findOpa();
if (opa === null) process.stderr.write(`\nSKIPPED: policies written by a user were not tried: no opa ${OPA_VERSION} here; \`bun policies/build.ts\` installs it\n\n`);

/** Compiles a user's policy the way the documentation says. */
function compile(rego: string): string {
  const source = mkdtempSync(join(folder, "src-"));
  writeFileSync(join(source, "gate.rego"), `package maestro.gate\n${rego}\n`);
  const out = join(source, "bundle.tar.gz");
  const built = Bun.spawnSync([opa ?? "opa", "build", "-t", "wasm", "-e", "maestro/gate/answer", "--revision", "mine@1", "-b", ".", "-o", out], { cwd: source });
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
  return out;
}

describe.skipIf(opa === null)("a user's policy", () => {
  test("that is undefined for this change is no answer", async () => {
    const because = await unavailable(compile('answer := {"actor": "human", "effects": [], "reasons": []} if input.mode == "never"'));
    expect(because).toMatch(/policy "mine@1": maestro\/gate\/answer is undefined for this change/);
  });

  test("that needs the network is no answer: its built-in is not there", async () => {
    const because = await unavailable(compile('answer := http.send({"method": "GET", "url": "http://127.0.0.1:1"}).body'));
    expect(because).toMatch(/policy "mine@1": not implemented: built-in function .*http\.send/);
  });

  test("that reads the clock is no answer: the same change must get the same answer", async () => {
    expect(await unavailable(compile("answer := time.now_ns()"))).toContain("time.now_ns");
  });

  test("that conflicts with itself is no answer", async () => {
    expect(await unavailable(compile("answer := x if some x in [1, 2]"))).toContain('policy "mine@1"');
  });

  test.each([
    ["a bare true", "answer := true"],
    ["a verdict of its own", 'answer := {"verdict": "admit"}'],
    ["an unknown field", 'answer := {"actor": "human", "effects": [], "reasons": [], "admit": true}'],
    ["an unknown effect", 'answer := {"actor": "human", "effects": [{"finding": 0, "effect": "admit", "mode": "enforce", "because": ""}], "reasons": []}'],
    ["a negative index", 'answer := {"actor": "human", "effects": [{"finding": -1, "effect": "pass", "mode": "enforce", "because": ""}], "reasons": []}'],
    ["a fraction for an index", 'answer := {"actor": "human", "effects": [{"finding": 0.5, "effect": "pass", "mode": "enforce", "because": ""}], "reasons": []}'],
    ["a number beyond all bounds", 'answer := {"actor": "human", "effects": [{"finding": 1e400, "effect": "pass", "mode": "enforce", "because": ""}], "reasons": []}'],
  ])("that answers with %s is no answer", async (_name, rego) => {
    expect(await unavailable(compile(rego))).toMatch(/policy "mine@1"/);
  });

  test("raises reasons that hang on no finding, in one order", async () => {
    const path = compile(`reasons contains {"rule": name, "effect": "hold", "mode": "enforce", "because": "friday"} if some name in ["team.b", "team.a"]
answer := {"actor": input.actor.class, "effects": [], "reasons": [r | some r in reasons]}`);
    expect(await evaluatePolicies({ bundles: [path], input })).toMatchObject({ result: "decided", answers: [{ actor: "human", reasons: [{ rule: "team.a" }, { rule: "team.b" }] }] });
  });
});
