import { expect, test } from "bun:test";
import { InTurn } from "./in-turn.ts";

test("work under one name waits for what was there before, whatever became of that; under another it does not", async () => {
  const turns = new InTurn();
  const said: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.run("a", async () => {
    said.push("first begins");
    await gate.promise;
    throw new Error("failed");
  });
  const second = turns.run("a", async () => void said.push("second"));
  await turns.run("b", async () => void said.push("other"));
  expect(said).toEqual(["first begins", "other"]);
  gate.resolve();
  await expect(first).rejects.toThrow("failed");
  await second;
  expect(said).toEqual(["first begins", "other", "second"]);
});
