/** Daemons that witness a log, as their operators and other people's clients meet them. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseNote } from "../../verifier/note.ts";
import { judgeWitnesses, openCosignatures, type WitnessPolicy } from "../../verifier/witnesses.ts";
import type { World } from "./world.ts";

const BEFORE_MORE = "version: 1\ntrust_domain: local\nmodes: [local]\n";

/** What the configuration that `begin` wrote says beyond every node's beginning. */
export const moreOf = (world: World): string => readFileSync(world.path("host.yaml"), "utf8").slice(BEFORE_MORE.length);

export function begin(world: World, more: string): ReturnType<World["daemon"]> {
  const path = world.path("host.yaml");
  writeFileSync(path, BEFORE_MORE + more);
  return world.daemon(["--config", path]);
}

export const beginAgain = (world: World): ReturnType<World["daemon"]> => begin(world, moreOf(world));


/** Names that count under a note; empty where the quorum is missing. */
export function quorumOf(note: string, policy: WitnessPolicy): readonly string[] {
  const parsed = parseNote(note);
  const opened = parsed === null ? null : openCosignatures(parsed, policy.keys);
  const judged = opened?.ok === true ? judgeWitnesses(opened.value.cosigners, policy, { now_s: Date.now() / 1000, later: false }) : null;
  return judged?.ok === true ? (judged.value?.names ?? []) : [];
}
