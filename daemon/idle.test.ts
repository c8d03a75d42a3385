import { expect, test } from "bun:test";
import { Idle } from "./idle.ts";

const AFTER_MS = 40;

/** `idle`, and how often it called. */
function counted(busy: () => boolean = () => false): { readonly idle: Idle; calls: number } {
  const counted = { idle: new Idle(AFTER_MS, busy, () => void counted.calls++), calls: 0 };
  return counted;
}

test("quiet is called once, after the last event and not before", async () => {
  const one = counted();
  for (let i = 0; i < 4; i++) {
    one.idle.touch();
    await Bun.sleep(AFTER_MS / 2);
    expect(one.calls).toBe(0);
  }
  await Bun.sleep(AFTER_MS * 3);
  expect(one.calls).toBe(1);
});

test("nothing is awaited before the first event, and nothing after a stop", async () => {
  const untouched = counted();
  const stopped = counted();
  stopped.idle.touch();
  stopped.idle.stop();
  await Bun.sleep(AFTER_MS * 2);
  expect([untouched.calls, stopped.calls]).toEqual([0, 0]);
});

test("work in progress is no quiet: it is asked again a whole period later", async () => {
  let busy = true;
  const one = counted(() => busy);
  one.idle.touch();
  await Bun.sleep(AFTER_MS * 3);
  expect(one.calls).toBe(0);
  busy = false;
  await Bun.sleep(AFTER_MS * 3);
  expect(one.calls).toBe(1);
});

test("the timer alone keeps no process alive", async () => {
  const program = `import { Idle } from ${JSON.stringify(new URL("./idle.ts", import.meta.url).href)}; new Idle(60_000, () => false, () => undefined).touch();`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "ignore", stderr: "inherit" });
  const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
  expect([await child.exited, child.signalCode]).toEqual([0, null]);
  clearTimeout(late);
});
