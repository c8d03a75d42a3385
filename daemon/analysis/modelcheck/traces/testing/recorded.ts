/** Runs of the real code, recorded: each is driven by a seed, so that it is the same run again. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Turnstile } from "../../../../gate/turnstile.ts";
import { recordActions } from "../../../../platform/actions/record.ts";
import { SeededRandom } from "../../../../testing/random.ts";

/** What `work` did, as a recording; each call of `begin` is a process of its own that begins. */
export async function recorded(work: (begin: () => void) => Promise<void>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "recorded-"));
  const path = join(folder, "run");
  let recording = recordActions(path);
  try {
    await work(() => {
      recording[Symbol.dispose]();
      recording = recordActions(path);
    });
  } finally {
    recording[Symbol.dispose]();
  }
  const text = readFileSync(path, "utf8");
  rmSync(folder, { recursive: true, force: true });
  return text;
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 8; i++) await Promise.resolve();
};

/** Requests of three tenants come, go on and leave at random; at the end all of them are out. */
export async function driveTurnstile(turnstile: Turnstile, seed: string, steps: number): Promise<void> {
  const random = new SeededRandom(seed);
  const below = (n: number): number => (random.bytes(2)[0] ?? 0) % n;
  const tenants = ["web", "lib", "ops"];
  const open: { readonly done: () => void; readonly leave: AbortController; over: boolean }[] = [];
  for (let i = 0; i < steps; i++) {
    const alive = open.filter(({ over }) => !over);
    const one = alive[below(Math.max(1, alive.length))];
    const what = below(10);
    if (what < 5 || one === undefined) {
      const gate = Promise.withResolvers<void>();
      const request = { done: gate.resolve, leave: new AbortController(), over: false };
      open.push(request);
      void turnstile.pass(() => gate.promise, request.leave.signal, tenants[below(7) < 4 ? 0 : below(3)]).catch(() => undefined).finally(() => void (request.over = true));
    } else if (what < 9) one.done();
    else one.leave.abort();
    await settled();
  }
  for (const { done } of open) done();
  while (open.some(({ over }) => !over)) await settled();
}
