/** `maestro baseline`: takes out of `.maestro-baseline.json` what is no longer found; `--create` makes the file, once, on adoption. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { BASELINE_FILE_NAME, type BaselineEntry } from "../../../proto/waiver.ts";
import { entriesOf, formatBaseline, pruned, readBaseline } from "../../client/baseline.ts";
import { planChange } from "../../client/pack.ts";
import { wholeTreeOf } from "../../client/whole-tree.ts";
import type { CommandModule } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { writeFile } from "../write-file.ts";
import { sendPack } from "../send-pack.ts";

const total = (entries: readonly BaselineEntry[]): number => entries.reduce((sum, { count }) => sum + count, 0);

interface Found {
  readonly entries: BaselineEntry[];
  readonly answered: (rule: string) => boolean;
}

/** A gate over the whole tree, on record like any other. */
async function lookedAt(path: string, values: Parameters<CommandModule["run"]>[0]["values"]): Promise<Found & { top: string }> {
  using tree = wholeTreeOf(path);
  const plan = await planChange(path, { target: tree.head, head: tree.head, env: tree.env });
  const { client } = await connectOrStart(values);
  const intake_id = await sendPack(client, plan, "local");
  let gate_id: string | undefined;
  const unanswered = new Set<string>();
  for await (const event of client.gate({ intake_id, target_ref: plan.target_ref, target: plan.target, head: plan.head })) {
    if (event.event !== "result") continue;
    gate_id = event.gate_id;
    for (const { check, result } of event.card.checks) if (result === "unavailable") unanswered.add(check);
  }
  if (gate_id === undefined) throw new MaestroError("worker.protocol", "the daemon's reply ended without a decision");
  const { findings, cut } = await client.findings(gate_id);
  if (cut > 0) throw new MaestroError("request.too_large", `${cut} findings were not listed, so what is no longer found cannot be told`);
  // Without an answer of a tool its entries stay; of the daemon's own checks one answers for all.
  const answered = (rule: string): boolean => (rule.startsWith("command.") ? ![...unanswered].some((check) => rule.startsWith(`${check}.`)) : unanswered.size === 0);
  return { entries: entriesOf(findings), answered, top: tree.top };
}

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const create = values["create"] === true;
  // What grows is held by the gate whoever wrote it; this only says so earlier.
  if (create && process.env["CI"] !== undefined) throw new MaestroError("cli.usage", "--create is for a person, on adoption; in CI the file only shrinks");
  const { entries, answered, top } = await lookedAt(positionals[0] ?? ".", values);
  const path = join(top, BASELINE_FILE_NAME);
  const there = existsSync(path);
  if (!there && !create) throw new MaestroError("cli.usage", `there is no ${BASELINE_FILE_NAME}; on adoption, --create makes it from what is found now`);
  if (there && create) throw new MaestroError("cli.usage", `${BASELINE_FILE_NAME} is there already, and only shrinks; leave --create out`);
  const old = there ? readBaseline(readFileSync(path)) : [];
  const next = create ? entries : pruned(old, entries, answered);
  const text = formatBaseline(next);
  writeFile(path, text, 0o644, "the findings stay as they are");
  const counts = { path, listed: total(next), taken_out: create ? 0 : total(old) - total(next), not_listed: Math.max(0, total(entries) - total(next)) };
  if (values["json"] === true) printJson(counts);
  else {
    print(`${path}: ${counts.listed} accepted findings${create ? "" : `, ${counts.taken_out} taken out`}`);
    if (counts.not_listed > 0) print(`${counts.not_listed} more are found and not listed: mend them, or waive them by name`);
  }
  return EXIT.admit;
};
