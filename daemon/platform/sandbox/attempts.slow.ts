/**
 * Attempts to get out, to look out, or to take more than was granted. Each runs twice: with everything on it must fail; with the one
 * protection it is about taken out it must work, against a canary of this test, so that an attempt that could never work is found out.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { skipWithout } from "../../testing/skip.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { Sandbox, SandboxResult, TierState } from "./job.ts";
import { type Protection, PROTECTIONS } from "./jail/protections.ts";
import { ATTEMPTS, type Attempt } from "./testing/attempts.ts";
import { Canaries } from "./testing/canaries.ts";
import { NEVER, sandboxWithout } from "./testing/rig.ts";

type Names = Parameters<typeof sandboxWithout>[0];

/** Launchers that more than one run asks for, by what they lack: nothing, above all. Any other is used once. */
const kept = new Map<string, Sandbox>();
const lacking = (removed: Names): string => [...removed].join(" ");
const runs = ATTEMPTS.flatMap(({ always = [], without }) => [lacking(always), lacking([...always, ...without])]);
let canaries: Canaries;
const { usable } = await tierHere();
const skipped = skipWithout(usable, "bubblewrap does not work here, so no attempt to get out of it was made");

async function tierHere(): Promise<TierState> {
  const sandbox = sandboxWithout([]);
  const state = await sandbox.tier("bwrap");
  await sandbox.close();
  return state;
}

beforeAll(async () => {
  canaries = await Canaries.set();
});
afterAll(async () => {
  for (const sandbox of kept.values()) await sandbox.close();
  await canaries.remove();
});

async function withSandbox<T>(removed: Names, work: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const private_paths = [canaries.state_dir];
  const name = lacking(removed);
  if (runs.filter((other) => other === name).length > 1) {
    const sandbox = kept.get(name) ?? sandboxWithout(removed, { private_paths });
    kept.set(name, sandbox);
    return work(sandbox);
  }
  const sandbox = sandboxWithout(removed, { private_paths });
  try {
    return await work(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** Whether the attempt worked, and what there was to see. */
async function worked(attempt: Attempt, removed: Names): Promise<{ readonly escaped: boolean; readonly seen: string }> {
  canaries.reset();
  const job = attempt.job(canaries);
  return withSandbox(
    removed,
    async (sandbox) => {
      let ran: SandboxResult | null = null;
      let refused = "";
      try {
        ran = await sandbox.run(job, NEVER);
      } catch (error) {
        if (!(error instanceof MaestroError) || error.code !== "sandbox.failed") throw error;
        refused = error.detail;
      }
      const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("utf8").slice(0, 2_000);
      const seen = `${JSON.stringify(ran?.end ?? null)} ${refused} ${text(ran?.stdout)} ${text(ran?.stderr)}`;
      return { escaped: attempt.escaped(ran, canaries, refused), seen };
    },
  );
}

describe.skipIf(skipped)("attempts that fail, and would work with one protection less", () => {
  for (const attempt of ATTEMPTS) {
    const impossible = attempt.impossible?.() ?? null;
    test.skipIf(skipWithout(impossible === null, `${attempt.name}: ${impossible}`))(
      `${attempt.name} | ${attempt.without.join(" + ")}`,
      async () => {
        const always = attempt.always ?? [];
        const on = await worked(attempt, always);
        expect(on).toMatchObject({ escaped: false });
        if (attempt.held !== undefined) expect(on.seen).toContain(attempt.held);
        const off = await worked(attempt, [...always, ...attempt.without]);
        expect(off).toMatchObject({ escaped: true });
      },
      120_000,
    );
  }

  test("docs/sandbox.md lists these and no others", () => {
    const page = readFileSync(new URL("../../../docs/sandbox.md", import.meta.url), "utf8");
    const rows = page.slice(page.indexOf("| attempt | held by |")).split("\n").slice(2);
    expect(rows.slice(0, rows.indexOf(""))).toEqual(ATTEMPTS.map(({ name, without }) => `| ${name} | ${without.join(" + ")} |`));
  });

  test("there are at least fifty, and each protection has one", () => {
    expect(ATTEMPTS.length).toBeGreaterThanOrEqual(50);
    const covered = new Set(ATTEMPTS.flatMap(({ without }) => without));
    const elsewhere: readonly Protection[] = ["die-with-parent", "new-session", "resource-limits", "cgroup", "seccomp"];
    expect(PROTECTIONS.filter((name) => !covered.has(name) && !elsewhere.includes(name))).toEqual([]);
  });
});
