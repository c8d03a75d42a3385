import { expect, test } from "bun:test";
import { Launchers } from "./launchers.ts";

test("whoever waited for a launcher when the daemon stopped is told so, and none is started for it", async () => {
  let started = 0;
  const gone = Promise.withResolvers<void>();
  const start = () => {
    started++;
    return { ready: Promise.resolve(), idle: false, kill: () => Promise.resolve(gone.resolve()), run: () => Promise.reject(new Error("not asked")) };
  };
  const launchers = new Launchers({ start, launchers_max: 1, idle_ms: 1_000 });
  const signal = new AbortController().signal;
  const first = launchers.lend(signal, () => gone.promise);
  const second = launchers.lend(signal, () => Promise.resolve()).catch((error: unknown) => error);
  await Bun.sleep(0);
  await launchers.close();
  await first;
  expect(await second).toMatchObject({ code: "daemon.draining" });
  expect(started).toBe(1);
});
