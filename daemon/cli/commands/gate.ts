import { mkdirSync } from "node:fs";
import type { GateResult } from "../../../proto/api.ts";
import { fromBase64, toBase64 } from "../../../proto/encoding.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { Locations } from "../../../proto/locations.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { acrossRestart } from "../../client/session.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { renderMarkdown } from "../card/markdown.ts";
import { renderTerminal } from "../card/terminal.ts";
import { textOf, type CommandModule, type Invocation, type Values } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print, wantsAscii, wantsColour } from "../output.ts";
import { place } from "../place.ts";
import { planNamed } from "../outputs/ci/plan.ts";
import { writeOutputs, wantedOutputs } from "../outputs/written.ts";
import { Progress } from "../progress.ts";
import { readReports } from "../reports.ts";
import { sendPack } from "../send-pack.ts";
import { writeFile } from "../write-file.ts";

/** Enough of a digest to find a bundle by, and to fit a line. */
const NAME_CHARACTERS = 12;

const write = (path: string, content: string | Uint8Array, mode: number): void => writeFile(path, content, mode, "the daemon has the evidence all the same");

/** The bundle, kept by digest in the state folder and also where `--out` says; `name` is what `maestro verify` takes. */
export function keepBundle(result: GateResult, locations: Locations, values: Values): { path: string; name: string; bytes: Uint8Array } {
  const out = textOf(values, "out");
  const bytes = fromBase64(result.bundle);
  if (bytes === null) throw new MaestroError("bundle.malformed", "the daemon's reply carries no strict base64");
  const folder = `${locations.state_dir}/bundles`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = `${folder}/${result.proof.bundle_sha256}.json`;
  write(path, bytes, 0o600);
  if (out !== undefined) write(out, bytes, 0o644);
  const elsewhere = values["state"] !== undefined;
  return { path: out ?? path, name: out ?? (elsewhere ? path : result.proof.bundle_sha256.slice(0, NAME_CHARACTERS)), bytes };
}

/** The result of a gate; what comes before it is shown. */
async function decision(events: ReturnType<MaestroClient["gate"]>, progress: Progress): Promise<GateResult> {
  let result: GateResult | undefined;
  // To the end: whoever leaves a stream early takes the daemon's work back.
  for await (const event of events) {
    if (event.event === "progress") {
      progress.show(event);
      // The verifier is a hundred modules: they are loaded while the daemon judges, and once the request is on its way.
      void import("../verification.ts");
    } else if (event.event === "result") result = event;
  }
  if (result === undefined) throw new MaestroError("worker.protocol", "the daemon's reply ended without a decision");
  return result;
}

async function gate({ values: given, positionals, lists }: Invocation): Promise<number> {
  const path = positionals[0] ?? ".";
  const wanted = wantedOutputs(given, process.env);
  const reports = readReports(lists?.["report"] ?? []);
  const carried = textOf(given, "carried");
  const brought = carried === undefined ? {} : { carried: toBase64((await import("../verification.ts")).readBundleFile(carried)) };
  using uncommitted = given["worktree"] === true ? await (await import("../worktree.ts")).planWorktree(path, given) : null;
  const groups = given["merge-group"] === true ? await import("../group.ts") : null;
  groups?.requireGroup(given, positionals[0], process.env);
  const { plan: first, values } = uncommitted ?? (await planNamed(positionals[0], given, process.env));
  const { client, locations } = await connectOrStart(values);
  const { plan, mode } = await place(client, path, first, values);
  const progress = new Progress();
  const result = await acrossRestart(async () => {
    const intake_id = await sendPack(client, plan, mode);
    progress.step("intake");
    const request = { intake_id, target_ref: plan.target_ref, target: plan.target, head: plan.head, ...(values["rerun"] === true || values["no-reuse"] === true ? { rerun: true } : {}), ...(reports.length === 0 ? {} : { reports }), ...brought };
    return decision(client.gate(request), progress);
  });
  progress.total();
  if (result.recorded) note(`maestro: decided before as attempt ${result.attempt}, and that verdict still holds; --rerun makes a new attempt`);
  const kept = keepBundle(result, locations, values);
  const trust = fromBase64((await client.trust()).trust);
  if (trust === null) throw new MaestroError("trust.malformed", "the daemon's reply carries no strict base64");
  const { describeVerification, receiptOf, unverified, verifyAgainst } = await import("../verification.ts");
  const verification = verifyAgainst(kept.bytes, trust, { witnesses: "later" });
  // Before anything is printed: a verdict whose evidence does not stand is none, and stdout holds one document.
  if (verification.result !== "verified") throw unverified(verification);
  const group = groups === null ? undefined : await groups.judgedGroup(path, result.card, first.target);
  if (values["json"] === true) printJson({ ...result, bundle: kept.path, verified: verification.result, ...(group === undefined ? {} : { group }) });
  else if (values["markdown"] === true) print(renderMarkdown(result.card, result.proof, null, result.cost));
  else {
    print(renderTerminal(result.card, { colour: wantsColour(), ascii: wantsAscii(), proof: result.proof, timings: result.timings, cost: result.cost, bundle: kept.name }));
    print(describeVerification(verification));
    if (groups !== null && group !== undefined) print(groups.groupText(group));
  }
  await writeOutputs(client, result, wanted, process.env);
  write(`${kept.path.replace(/\.json$/, "")}.tlog-proof`, receiptOf(kept.bytes), 0o644);
  note(`maestro: evidence in ${escapeTerminal(kept.path)}, log receipt beside it`);
  return EXIT[result.verdict];
}

export const run: CommandModule["run"] = gate;
