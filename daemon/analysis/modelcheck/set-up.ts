/**
 * What `npm run tools` has done once, with a network and without a gate: the pinned jar in the toolchain's folder, and both class
 * archives. Prints what it did; ends with 0 where TLC can be run.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { EXIT } from "../../../proto/errors.ts";
import { ModelLimits } from "../../../proto/model.ts";
import { environmentOf } from "../../config/environment.ts";
import { keepArchive, trustedArchive } from "./archive.ts";
import { hostCommand } from "./host-command.ts";
import { ARCHIVE, CLASS_PATH, tlcJob } from "./job.ts";
import { ownSandbox } from "./own-sandbox.ts";
import { COORDINATES, JAR } from "./release.ts";
import { systemMounts } from "./run.ts";
import { findToolchain, JAR_VARIABLE, jarProblem, toolFolder, type Toolchain } from "./toolchain.ts";

const MAVEN_DEADLINE_MS = 300_000;
const RUN_DEADLINE_MS = 120_000;
/** Loads what most specifications load, liveness included. */
const SPEC = "Archived";
const TLA = `---- MODULE ${SPEC} ----
EXTENDS Integers, Sequences, FiniteSets, TLC
VARIABLES n, line
Init == n = 0 /\\ line = <<>>
Next == n' = (n + 1) % 3 /\\ line' = IF Len(line) < 2 THEN Append(line, [n |-> n, seen |-> {n}]) ELSE Tail(line)
Spec == Init /\\ [][Next]_<<n, line>> /\\ WF_<<n, line>>(Next)
Small == Cardinality(DOMAIN line) < 3
Again == (n = 0) ~> (n = 2)
====
`;
const CFG = "SPECIFICATION Spec\nINVARIANT Small\nPROPERTY Again\n";

const say = (line: string): void => void process.stdout.write(`maestro: ${line}\n`);

/** Why there is no jar; null where there is. */
async function obtainJar(folder: string): Promise<string | null> {
  const jar = join(folder, JAR);
  const problem = jarProblem(jar);
  if (problem === null) return null;
  const part = mkdtempSync(join(folder, "part-"));
  try {
    const given = environmentOf(JAR_VARIABLE);
    const mvn = Bun.which("mvn");
    if (given !== null) copyFileSync(given, join(part, JAR));
    else if (mvn === null) return `${problem}; there is no mvn on the PATH either`;
    else {
      const child = Bun.spawn([mvn, "-B", "-q", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy", `-Dartifact=${COORDINATES}`, `-DoutputDirectory=${part}`], { cwd: part, stdin: "ignore", stdout: "ignore", stderr: "ignore", timeout: MAVEN_DEADLINE_MS });
      if ((await child.exited) !== 0) return `mvn did not bring ${COORDINATES} (it ended with ${child.exitCode ?? child.signalCode})`;
    }
    const [name = JAR] = readdirSync(part);
    const wrong = jarProblem(join(part, name));
    if (wrong !== null) return wrong;
    renameSync(join(part, name), jar);
    say(`${COORDINATES} is in ${folder}`);
    return null;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

function written(folder: string): string {
  const tree_dir = join(folder, "spec");
  mkdirSync(tree_dir);
  writeFileSync(join(tree_dir, `${SPEC}.tla`), TLA);
  writeFileSync(join(tree_dir, `${SPEC}.cfg`), CFG);
  return tree_dir;
}

/** For `tla2tools`, which runs where its user stands. */
async function archiveForHost(toolchain: Toolchain): Promise<boolean> {
  if (trustedArchive(toolchain, "host", toolchain.jar) !== null) return true;
  const folder = mkdtempSync(join(tmpdir(), "tla-setup-"));
  try {
    const cwd = written(folder);
    const made = join(folder, ARCHIVE);
    const { argv, env } = hostCommand(toolchain, { tmp: folder, flags: [`-XX:ArchiveClassesAtExit=${made}`], args: ["-workers", "1", "-config", `${SPEC}.cfg`, SPEC], metadir: true });
    const child = Bun.spawn([...argv], { cwd, env, stdin: "ignore", stdout: "ignore", stderr: "ignore", timeout: RUN_DEADLINE_MS });
    if ((await child.exited) !== 0) return false;
    keepArchive(toolchain, "host", toolchain.jar, made);
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Made in the jail itself, since its paths are what the JVM compares. */
async function archiveForJail(toolchain: Toolchain): Promise<boolean> {
  if (trustedArchive(toolchain, "jail", CLASS_PATH) !== null) return true;
  const folder = mkdtempSync(join(tmpdir(), "tla-setup-"));
  const sandbox = ownSandbox();
  try {
    if (!(await sandbox.tier("bwrap")).usable) return false;
    const job = tlcJob({ java: toolchain.java, folder: toolchain.folder, system: systemMounts(), archive: null, archiving: true, spec: SPEC, tree_dir: written(folder), into: (name) => join(folder, name), limits: Value.Create(ModelLimits) });
    const { end, files } = await sandbox.run(job, AbortSignal.timeout(RUN_DEADLINE_MS));
    const made = files.get(ARCHIVE);
    if (end.kind !== "exit" || end.code !== 0 || made?.state !== "kept") return false;
    keepArchive(toolchain, "jail", CLASS_PATH, made.path);
    return true;
  } finally {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function setUp(): Promise<number> {
  const folder = toolFolder();
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const because = await obtainJar(folder);
  const toolchain = because === null ? findToolchain() : { because };
  if ("because" in toolchain) {
    say(`without a model checker: ${toolchain.because}`);
    return EXIT.unavailable;
  }
  const archives = [await archiveForHost(toolchain), await archiveForJail(toolchain)];
  if (archives.includes(false)) say("TLC starts without a class archive, a third of a second slower");
  return EXIT.admit;
}

process.exitCode = await setUp();
