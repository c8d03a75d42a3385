/** `maestro release`: an artifact and the admitted changes in it, signed by the daemon from its own records. */
import { toBase64 } from "../../../proto/encoding.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { ShippedArtifact, ShipReply } from "../../../proto/shipping.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import type { RangePlan } from "../../client/pack.ts";
import { acrossRestart } from "../../client/session.ts";
import { artifactAt } from "../artifact-file.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Invocation, type Values } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { placeRange } from "../place.ts";
import { sendPack } from "../send-pack.ts";
import { checkedShipment, leaveFiles, provenanceOf, type LeftFiles } from "../shipped-files.ts";
import { readBundleFile } from "../verification.ts";

const RANGE = /^(.*?)\.\.([^.].*)$/s;
const IS_ID = /^shipment-[0-9a-f]{32}$/;

/** `A..B` as git writes it; three dots mean something else. */
function rangeOf(text: string): { readonly from: string | null; readonly to: string } {
  const [, from, to] = RANGE.exec(text) ?? [];
  if (from === undefined || to === undefined || from.endsWith(".")) throw new MaestroError("cli.usage", `${text} is no range of commits: give --changes A..B`);
  return { from: from === "" ? null : from, to };
}

async function asked(client: MaestroClient, plan: RangePlan, mode: "host" | "fork" | "local", artifact: ShippedArtifact, values: Values, bundles: readonly Uint8Array[]): Promise<ShipReply> {
  const purl = textOf(values, "purl");
  return acrossRestart(async () => {
    const intake_id = await sendPack(client, plan, mode);
    return client.ship({ intake_id, target_ref: plan.target_ref, target: plan.target, from: plan.from, to: plan.head, artifact, ...(purl === undefined ? {} : { purl }), ...(bundles.length === 0 ? {} : { bundles: bundles.map(toBase64) }) });
  });
}

function sayRefused({ because, commits, commits_cut }: Extract<ShipReply, { result: "refused" }>): number {
  print(`REFUSED  ${escapeTerminal(because)}; nothing was signed`);
  for (const { commit, because: why } of commits) print(`  ${commit}  ${escapeTerminal(why)}`);
  if (commits_cut > 0) print(`  and ${commits_cut} more`);
  return EXIT.refuse;
}

function sayReleased(reply: Extract<ShipReply, { result: "released" }>, { statement, signer, log, self_made, witnesses }: ReturnType<typeof checkedShipment>, left: LeftFiles): void {
  const { range, steps, target_ref, repository } = statement.predicate;
  print(`RELEASED  ${escapeTerminal(reply.row.artifact.name)} sha256 ${reply.row.artifact.sha256}`);
  print(`  ${range.commits} commits of ${escapeTerminal(repository)} ${escapeTerminal(target_ref)} up to ${range.to.slice(0, 12)}, in ${steps.length} admitted changes; log entry ${log.index}; signed by ${signer}${self_made ? " (self-made trust: it proves integrity, not authority)" : ""}`);
  for (const step of steps) print(`  ${step.to.slice(0, 12)}  ${step.how.padEnd(12)} ${step.gate_id} attempt ${step.attempt}${step.landed_by === null ? "" : `, landed by ${step.landed_by}`}${step.releases.length === 0 ? "" : `, by ${step.releases.join(" and ")}`}`);
  for (const one of reply.notes) print(`  not proved: ${escapeTerminal(one)}`);
  note(`maestro: ${reply.row.shipment_id}; ${escapeTerminal(left.shipment)}, evidence of ${left.gates} gates in ${escapeTerminal(left.evidence)}`);
  if (witnesses?.pending === true) note(`maestro: witnesses have yet to cosign the log up to here; maestro release ${reply.row.shipment_id} then fetches all of it with their cosignatures`);
}

async function trustOf(client: MaestroClient): Promise<Uint8Array> {
  return Buffer.from((await client.trust()).trust, "base64");
}

/** What was released before, fetched again. */
async function again(client: MaestroClient, id: string, values: Values): Promise<number> {
  const kept = await client.shipment(id);
  const verified = checkedShipment(kept, await trustOf(client));
  const provenance = await provenanceOf(client, verified);
  if (provenance === null && verified.statement.predicate.provenance !== null) note("maestro: the provenance that the release names is no longer kept here");
  const left = await leaveFiles(client, { ...kept, provenance }, verified, { artifact: kept.row.artifact.name, out: textOf(values, "out") ?? ".", brought: [] });
  if (values["json"] === true) printJson({ result: "released", ...kept.row, files: left });
  else sayReleased({ result: "released", ...kept, provenance, notes: [] }, verified, left);
  return EXIT.admit;
}

export const run: CommandModule["run"] = async ({ values, positionals, lists }: Invocation) => {
  const [path] = positionals;
  if (path === undefined) throw new MaestroError("cli.usage", "release takes the artifact, and --changes A..B");
  const json = values["json"] === true;
  if (IS_ID.test(path)) return again((await connectOrStart(values)).client, path, values);
  const range = rangeOf(textOf(values, "changes") ?? "");
  const artifact = await artifactAt(path);
  const brought = (lists?.["bundle"] ?? []).map(readBundleFile);
  const { client } = await connectOrStart(values);
  const { plan, mode } = await placeRange(client, textOf(values, "repo") ?? ".", range, values);
  const reply = await asked(client, plan, mode, artifact, values, brought);
  if (reply.result === "refused") {
    if (!json) return sayRefused(reply);
    printJson(reply);
    return EXIT.refuse;
  }
  const verified = checkedShipment(reply, await trustOf(client));
  const left = await leaveFiles(client, reply, verified, { artifact: path, out: textOf(values, "out"), brought });
  if (json) printJson({ result: "released", ...reply.row, files: left, notes: reply.notes, statement: verified.statement });
  else sayReleased(reply, verified, left);
  return EXIT.admit;
};
