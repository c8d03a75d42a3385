/** Audits many crash states in child processes and adds up what they found. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckLine, CheckOrder } from "./state-checker.ts";

const CHECKER = join(import.meta.dir, "state-checker.ts");
/** Time without a line after which a checker hangs. */
const SILENCE_MS = 60_000;
const FAKE_BOOT_ID = "6d616573-7472-6f00-0000-000000000000\n";

export interface Finding {
  readonly state: number;
  readonly how: string;
  readonly moment: number;
  readonly acknowledged: number;
  readonly problems: readonly string[];
}

export interface Tally {
  readonly states: number;
  /** Different contents of the folder among them. */
  readonly distinct: number;
  readonly findings: readonly Finding[];
}

export interface CheckPlan extends Omit<CheckOrder, "scratch"> {
  /** LMDB looks at the boot id to tell a crash of the process from one of the machine; both must end well. */
  readonly boot: "same" | "other";
}

/** In memory where there is memory: nothing here has to outlive anything. */
const SCRATCH_ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Whether this user may give a child another boot id. */
export function mayFakeBoot(): boolean {
  return Bun.which("unshare") !== null && Bun.spawnSync(["unshare", "-m", "true"]).exitCode === 0;
}

function argvOf(order: CheckOrder, boot: CheckPlan["boot"]): string[] {
  const check = [process.execPath, CHECKER, JSON.stringify(order)];
  if (boot === "same") return check;
  const fake = join(order.scratch, "boot_id");
  writeFileSync(fake, FAKE_BOOT_ID);
  return ["unshare", "-m", "sh", "-c", `mount --bind ${fake} /proc/sys/kernel/random/boot_id && exec "$@"`, "sh", ...check];
}

async function runOnce(order: CheckOrder, boot: CheckPlan["boot"], each: (line: CheckLine) => void): Promise<string> {
  const child = Bun.spawn(argvOf(order, boot), { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  let silence = setTimeout(() => child.kill("SIGKILL"), SILENCE_MS);
  const said = new Response(child.stderr).text();
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of child.stdout) {
    clearTimeout(silence);
    silence = setTimeout(() => child.kill("SIGKILL"), SILENCE_MS);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) each(JSON.parse(line) as CheckLine);
  }
  clearTimeout(silence);
  const code = await child.exited;
  return code === 0 ? "" : `the checker ended with ${child.signalCode ?? code}: ${(await said).split("\n")[0] ?? ""}`;
}

/** All states of a plan, in one child at a time. Throws where the checker cannot even begin. */
export async function checkStates({ boot, ...plan }: CheckPlan): Promise<Tally> {
  const scratch = mkdtempSync(join(SCRATCH_ROOT, "maestro-states-"));
  const digests = new Set<string>();
  const findings: Finding[] = [];
  let states = 0;
  try {
    for (let from = plan.from; from < plan.to; ) {
      let trying: number | null = null;
      const death = await runOnce({ ...plan, scratch, from }, boot, (line) => {
        if ("trying" in line) trying = line.trying;
        else {
          trying = null;
          states++;
          digests.add(line.digest);
          if (line.problems.length > 0) findings.push(line);
        }
      });
      if (death === "") break;
      if (trying === null) throw new Error(death);
      findings.push({ state: trying, how: "?", moment: 0, acknowledged: 0, problems: [death] });
      states++;
      from = trying + plan.stride;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return { states, distinct: digests.size, findings };
}

/** Findings by what they say, numbers taken out, with how often and one example. */
export function summary(findings: readonly Finding[]): string[] {
  const kinds = new Map<string, { count: number; first: Finding }>();
  for (const finding of findings) {
    for (const problem of finding.problems) {
      const kind = problem.replace(/\b[0-9a-f]{8,}\b|\d+/g, "#").slice(0, 160);
      const known = kinds.get(kind) ?? { count: 0, first: finding };
      known.count++;
      kinds.set(kind, known);
    }
  }
  return Array.from(kinds, ([kind, { count, first }]) => `${count} x ${kind} (state ${first.state}, ${first.how})`);
}
