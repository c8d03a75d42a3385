/** A change cannot loosen what it is judged by, and what could not be looked at is never admitted. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decisive, oneDocument, World, type GateDocument } from "./testing/world.ts";

setDefaultTimeout(120_000);
const FOCUSED = { "test/a.test.ts": `test.only("reads", () => expect(1).toBe(1));\n` };
const SKIPPED = { "test/a.test.ts": `test.skip("reads", () => expect(1).toBe(1));\n` };
const CLEAN = { "src/b.ts": "export const b = 2;\n" };
const DEFAULT_BUNDLE = readFileSync(join(import.meta.dir, "../../policies/default/bundle.tar.gz"));

let world: World;
beforeAll(async () => {
  world = new World();
  await world.daemon();
});
afterAll(() => world.dispose());

type Files = Record<string, string | Uint8Array>;
async function judged(before: Files, after: Files): Promise<GateDocument & { readonly code: number }> {
  return world.judged(await world.changed(before, after), ["--target", "main"]);
}
const because = ({ card }: GateDocument, rule: string): string => card.reasons.filter((reason) => reason.rule === rule).map((reason) => reason.because).join("; ");

describe("the change's own rules", () => {
  test("attack: head brings a maestro.yaml that lets its own fault pass", async () => {
    const weaker = "version: 1\nrules:\n  test.focused: {human: pass, agent: pass, bot: pass, unknown: pass, mode: observe}\n  guard.self-edit: {human: pass}\n";
    const [added, edited] = await Promise.all([judged({}, { ...FOCUSED, "maestro.yaml": weaker }), judged({ "maestro.yaml": "version: 1\n" }, { ...FOCUSED, "maestro.yaml": weaker })]);
    for (const gate of [added, edited]) {
      expect({ code: gate.code, decisive: decisive(gate) }).toEqual({ code: 1, decisive: ["test.focused"] });
      expect(gate.card.reasons.map(({ rule }) => rule)).toContain("guard.self-edit");
    }
  });

  test("attack: head breaks maestro.yaml or the policy it names; this change is still judged by the base", async () => {
    const base = { "maestro.yaml": "version: 1\npolicy: rules/bundle.tar.gz\n", "rules/bundle.tar.gz": DEFAULT_BUNDLE };
    const [yaml, bundle] = await Promise.all([judged(base, { ...CLEAN, "maestro.yaml": "rules: [" }), judged(base, { ...CLEAN, "rules/bundle.tar.gz": "nothing" })]);
    for (const gate of [yaml, bundle]) {
      expect(decisive(gate).filter((rule) => rule.startsWith("gate."))).toEqual([]);
      expect(gate.card.checks.every(({ result }) => result !== "unavailable")).toBe(true);
    }
  });

  test("a base loosens nothing the default policy refuses", async () => {
    const gate = await judged({ "maestro.yaml": "version: 1\nrules:\n  test.focused: {human: pass, mode: observe}\n" }, FOCUSED);
    expect({ code: gate.code, decisive: decisive(gate) }).toEqual({ code: 1, decisive: ["test.focused"] });
  });

  test("a base tightens: an effect, a threshold, a further required check", async () => {
    const [plain, effect, threshold, required] = await Promise.all([
      judged({}, SKIPPED),
      judged({ "maestro.yaml": "version: 1\nrules:\n  test.skipped: {human: refuse}\n" }, SKIPPED),
      judged({ "maestro.yaml": "version: 1\nrules:\n  size.unreviewable: {human: hold}\nthresholds:\n  size_lines_max: 3\n" }, { "src/b.ts": "a();\n".repeat(9) }),
      judged({ "maestro.yaml": "version: 1\nrequired: [licence]\n" }, CLEAN),
    ]);
    expect(plain.code).toBe(0);
    expect({ code: effect.code, decisive: decisive(effect) }).toEqual({ code: 1, decisive: ["test.skipped"] });
    expect({ code: threshold.code, decisive: decisive(threshold) }).toEqual({ code: 3, decisive: ["size.unreviewable"] });
    expect({ code: required.code, decisive: decisive(required) }).toEqual({ code: 3, decisive: ["gate.check-missing"] });
    expect(because(effect, "test.skipped")).toContain("maestro.yaml at the base");
  });

  test("a base that cannot be read, or that loosens, holds a clean change and says where", async () => {
    const cases: readonly (readonly [yaml: string, says: RegExp])[] = [
      ["version: 1\nrulez: {}\n", /maestro\.yaml:2.*rulez.*rules/],
      ["version: 1\nrules:\n  test.focused:\n    humann: pass\n", /maestro\.yaml:4.*rules\.test\.focused\.humann/],
      ["version: 1\nthresholds:\n  size_lines_max: 5000\n", /thresholds\.size_lines_max: 5000 is above the host's 800/],
      ["version: 1\npolicy: rules/none.tar.gz\n", /rules\/none\.tar\.gz/],
    ];
    const gates = await Promise.all(cases.map(([yaml]) => judged({ "maestro.yaml": yaml }, CLEAN)));
    for (const [i, gate] of gates.entries()) {
      expect({ code: gate.code, decisive: decisive(gate) }).toEqual({ code: 3, decisive: ["gate.config-broken"] });
      expect(because(gate, "gate.config-broken")).toMatch(cases[i]?.[1] ?? /never/);
    }
  });

  test("a base's policy that does not load holds; one that loads joins the host's", async () => {
    const base = (bundle: string | Uint8Array) => ({ "maestro.yaml": "version: 1\npolicy: rules/bundle.tar.gz\n", "rules/bundle.tar.gz": bundle });
    const [broken, sound] = await Promise.all([judged(base("not an archive"), CLEAN), judged(base(DEFAULT_BUNDLE), CLEAN)]);
    expect({ code: broken.code, decisive: decisive(broken) }).toEqual({ code: 3, decisive: ["gate.policy-unavailable"] });
    expect(because(broken, "gate.policy-unavailable")).toContain("does not load");
    expect(sound.code).toBe(0);
    expect(sound.card.policy.id).not.toBe(broken.card.policy.id);
  });
});

/** A daemon under the operator's own file. */
async function underHost(yaml: string, use: (host: World) => Promise<void>): Promise<void> {
  const host = new World();
  try {
    writeFileSync(host.path("maestrod.yaml"), `version: 1\ntrust_domain: ci.example.org\nmodes: [local]\n${yaml}`);
    await host.daemon(["--config", host.path("maestrod.yaml")]);
    await use(host);
  } finally {
    await host.dispose();
  }
}

describe("the operator's configuration", () => {
  test("names the trust domain, and a base that loosens it holds with the key's path", async () => {
    await underHost("rules:\n  test.skipped: {human: hold}\n", async (host) => {
      const source = await host.changed({ "maestro.yaml": "version: 1\nrules:\n  test.skipped: {human: note}\n" }, CLEAN);
      const gate = await host.judged(source, ["--target", "main"]);
      expect({ code: gate.code, decisive: decisive(gate) }).toEqual({ code: 3, decisive: ["gate.config-broken"] });
      expect(because(gate, "gate.config-broken")).toContain("rules.test.skipped.human: note is looser than the host's hold");
      const verified = await host.run(["verify", gate.bundle, "--json"]);
      expect(oneDocument(verified)).toMatchObject({ result: "verified", signer: { trust_domain: "ci.example.org" } });
    });
  });

  test("checks and policy that miss their deadline hold, each with its reason", async () => {
    await underHost("limits:\n  worker: {check_deadline_ms: 1, policy_deadline_ms: 1}\n", async (host) => {
      // Long enough that no answer comes before a busy daemon looks at its clock.
      const long = Array.from({ length: 4_000 }, (_, at) => `export const long${at} = ${at};\n`).join("");
      const gate = await host.judged(await host.changed({}, { ...CLEAN, "src/long.ts": long }), ["--target", "main"]);
      expect(gate.code).toBe(3);
      expect(decisive(gate)).toContain("gate.check-unavailable");
      expect(decisive(gate)).toContain("gate.policy-unavailable");
      expect(gate.card.checks.find(({ check }) => check === "secrets")).toMatchObject({ result: "unavailable", required: true });
      expect(because(gate, "gate.check-unavailable")).toContain("worker.deadline");
    });
  });

  test("a diff over the limits holds, and names what was not looked at", async () => {
    await underHost("limits:\n  facts: {diff_bytes_max: 100, file_diff_bytes_max: 50}\n", async (host) => {
      const gate = await host.judged(await host.changed({}, { "src/b.ts": "export const b = 2;\n".repeat(50) }), ["--target", "main"]);
      expect({ code: gate.code, decisive: decisive(gate) }).toEqual({ code: 3, decisive: ["gate.check-unavailable"] });
      expect(because(gate, "gate.check-unavailable")).toContain("src/b.ts");
    });
  });

  test("no facts, no memory for a check process: no verdict at all, and nothing in the log", async () => {
    for (const limits of ["{facts_deadline_ms: 1}", "{memory_bytes_max: 1}"]) {
      await underHost(`limits:\n  worker: ${limits}\n`, async (host) => {
        const ran = await host.gate(await host.changed({}, CLEAN), ["--target", "main", "--json"]);
        expect({ limits, code: ran.code }).toEqual({ limits, code: 69 });
        expect(oneDocument(ran)).toMatchObject({ retry: true });
        expect((await host.status()).log.size).toBe(0);
      });
    }
  });

  test("a policy that does not load keeps the daemon from starting", async () => {
    const host = new World();
    try {
      writeFileSync(host.path("bundle.tar.gz"), "not an archive");
      writeFileSync(host.path("maestrod.yaml"), `version: 1\ntrust_domain: ci.example.org\nmodes: [local]\npolicy_bundle: ${host.path("bundle.tar.gz")}\n`);
      const child = host.spawnDaemon(["--config", host.path("maestrod.yaml")]);
      expect(await child.exited).toBe(3);
      expect(await new Response(child.stderr).text()).toContain(host.path("bundle.tar.gz"));
    } finally {
      await host.dispose();
    }
  });
});
