import { expect, test } from "bun:test";
import { MaestroError, type ErrorCode } from "../../proto/errors.ts";
import { acrossRestart } from "./session.ts";

async function tries(...codes: readonly ErrorCode[]): Promise<{ tried: number; ended: string }> {
  let tried = 0;
  const ended = await acrossRestart(async () => {
    const code = codes[tried++];
    if (code !== undefined) throw new MaestroError(code, "x");
    return "done";
  }).catch((error: unknown) => (error instanceof MaestroError ? error.code : "a bug"));
  return { tried, ended };
}

test("an intake that a restart forgot is begun again, once, and nothing else is", async () => {
  expect(await tries()).toEqual({ tried: 1, ended: "done" });
  expect(await tries("intake.unknown")).toEqual({ tried: 2, ended: "done" });
  expect(await tries("intake.unknown", "intake.unknown")).toEqual({ tried: 2, ended: "intake.unknown" });
  expect(await tries("intake.refused")).toEqual({ tried: 1, ended: "intake.refused" });
});
