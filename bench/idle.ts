/** What a daemon costs that has worked and now waits: memory, wake-ups, children. */
import { readdirSync, readFileSync } from "node:fs";
import { until, workersOf, World } from "../daemon/e2e/testing/world.ts";
import { ENGINE_SETTINGS } from "../proto/engine.ts";
import type { Bench } from "./figure.ts";
import { makeBranches } from "./rig/history.ts";
import { installed } from "./rig/installed.ts";

const FILES = 300;
const GATES = 3;
const WATCH_S = 10;
/** The daemon lets its check processes go after 30 s without work. */
const COOL_DEADLINE_MS = 45_000;
/** Bun's collector looks every second until nothing has changed for half a minute, then every 30 s. */
const SETTLE_MS = 40_000;
const RSS_MB = 90;
const WAKE_UPS_PER_S = 0.2;

const field = (text: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]);

/** Voluntary switches by thread: each is a wake-up that ended in waiting again. */
function switches(pid: number): Map<string, number> {
  return new Map(readdirSync(`/proc/${pid}/task`).map((task) => [task, field(readFileSync(`/proc/${pid}/task/${task}/status`, "utf8"), "voluntary_ctxt_switches")]));
}

/** Wake-ups per second of the main thread and of all; a thread that came or went meanwhile counts with what was seen of it. */
async function wakeUps(pid: number): Promise<{ readonly main: number; readonly all: number }> {
  const before = switches(pid);
  await Bun.sleep(WATCH_S * 1000);
  const rates = [...switches(pid)].map(([task, count]) => ({ task, rate: (count - (before.get(task) ?? 0)) / WATCH_S }));
  return { main: rates.find(({ task }) => task === String(pid))?.rate ?? Number.NaN, all: rates.reduce((sum, { rate }) => sum + rate, 0) };
}

export const bench: Bench = async (figure) => {
  if (process.platform !== "linux") throw new Error("the figures come from /proc, which only Linux has");
  const world = new World();
  const programs = await installed();
  try {
    await world.answering(world.spawnProgram(programs.maestrod, ["--embedded"], ENGINE_SETTINGS));
    makeBranches(world.path("made"), FILES, GATES);
    for (let i = 1; i <= GATES; i++) {
      const { code, stderr } = await world.run(["gate", world.path("made"), "--embedded", "--json", "--target", "main", "--head", `change-${i}`]);
      if (![0, 1, 3].includes(code)) throw new Error(stderr);
    }
    const { pid } = (await world.status()).daemon;
    const status = (): string => readFileSync(`/proc/${pid}/status`, "utf8");
    const after_gates = field(status(), "VmRSS") / 1024;
    await until(() => workersOf(pid).length === 0, COOL_DEADLINE_MS);
    await Bun.sleep(SETTLE_MS);
    const { main, all } = await wakeUps(pid);
    const now = status();
    const note = `as installed; anonymous ${Math.round(field(now, "RssAnon") / 1024)} MB, files ${Math.round(field(now, "RssFile") / 1024)} MB, of which the Bun binary is shared with every other Bun; ${Math.round(after_gates)} MB right after ${GATES} gates`;
    figure({ figure: "memory of the idle daemon (VmRSS)", value: field(now, "VmRSS") / 1024, unit: "MB", better: "less", goal: { value: RSS_MB }, note });
    figure({ figure: "wake-ups of the idle daemon's main thread", value: main, unit: "per s", better: "less", goal: { value: WAKE_UPS_PER_S }, note: `from ${SETTLE_MS / 1000} s after the check processes were let go; until then Bun's collector wakes once a second` });
    figure({ figure: "wake-ups of all threads of the idle daemon", value: all, unit: "per s", better: "less", note: "includes the runtime's own threads" });
    figure({ figure: "child processes of the idle daemon", value: workersOf(pid).length, unit: "processes", better: "less", goal: { value: 0 } });
  } finally {
    await world.dispose();
    programs.remove();
  }
};
