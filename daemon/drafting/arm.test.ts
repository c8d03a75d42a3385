import { expect, test } from "bun:test";
import { type ErrorCode, MaestroError } from "../../proto/errors.ts";
import { type Arm, type ArmAnswer, askArm } from "./arm.ts";

const ANSWER: ArmAnswer = { text: "{}", cpu_us: 1, gpu_us: 0, tokens: 2, usd_micro: 0, model_digest: "0".repeat(64), engine: "fake" };

/** Fails as often as it is told, and counts. */
function failing(codes: ErrorCode[]): { readonly arm: Arm; readonly asked: () => number } {
  let asked = 0;
  const run = async (): Promise<ArmAnswer> => {
    const code = codes[asked++];
    if (code !== undefined) throw new MaestroError(code, "told to");
    return Promise.resolve(ANSWER);
  };
  return { arm: { path: "local", model: "fake", because: "alone", run }, asked: () => asked };
}
const ask = (arm: Arm, signal = new AbortController().signal): Promise<ArmAnswer> => askArm(arm, { system: "s", user: "u" }, "summary", signal);

test("a worker that died is asked once more, and no third time; what failed otherwise is not asked again", async () => {
  const once = failing(["models.died"]);
  expect([await ask(once.arm), once.asked()]).toEqual([ANSWER, 2]);
  const twice = failing(["models.died", "models.died"]);
  expect([await ask(twice.arm).catch((error: MaestroError) => error.code), twice.asked()]).toEqual(["models.died", 2]);
  const memory = failing(["models.memory"]);
  expect([await ask(memory.arm).catch((error: MaestroError) => error.code), memory.asked()]).toEqual(["models.memory", 1]);
});

test("nobody who has left is asked for again", async () => {
  const left = failing(["models.died"]);
  expect([await ask(left.arm, AbortSignal.abort()).catch((error: MaestroError) => error.code), left.asked()]).toEqual(["models.died", 1]);
});
