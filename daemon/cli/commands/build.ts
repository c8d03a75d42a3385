/** `maestro build`: has the daemon run a declared build, or fetches what an earlier one left. */
import type { BuildFailed, Built } from "../../../proto/build-api.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { planChange } from "../../client/pack.ts";
import { acrossRestart } from "../../client/session.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { place } from "../place.ts";
import { duration } from "../progress.ts";
import { describeProvenance, provenanceOf } from "../provenance.ts";
import { sendPack } from "../send-pack.ts";
import { receiveBuild, requireOwnFolder } from "../built-files.ts";
import { visiblePath } from "../../verifier/visible.ts";

const IS_ID = /^build-[0-9a-f]{32}$/;

async function outcome(events: ReturnType<MaestroClient["build"]>): Promise<Built | BuildFailed> {
  let result: Built | BuildFailed | undefined;
  // To the end: whoever leaves a stream early takes the daemon's work back.
  for await (const event of events) {
    if (event.event !== "progress") result = event;
    else note(`  ${event.stage.padEnd(14)} ${duration(event.duration_us)}`);
  }
  if (result === undefined) throw new MaestroError("worker.protocol", "the daemon's reply ended without an outcome");
  return result;
}

async function ran(client: MaestroClient, name: string, values: Values): Promise<Built | BuildFailed> {
  // Before the minutes that a build may take, not after them.
  if (textOf(values, "out") === undefined) requireOwnFolder(name);
  const first = await planChange(".", { target: textOf(values, "target"), head: textOf(values, "rev") });
  const { plan, mode } = await place(client, ".", first, { ...values, head: textOf(values, "rev") });
  return acrossRestart(async () => {
    const intake_id = await sendPack(client, plan, mode);
    note("  sent");
    return outcome(client.build({ intake_id, target_ref: plan.target_ref, target: plan.target, commit: plan.head, name, ...(values["repeat"] === true ? { repeat: true } : {}) }));
  });
}

function sayFailed({ because, log }: BuildFailed, name: string, json: boolean): number {
  if (json) printJson({ result: "failed", because, log });
  else {
    if (log !== "") note(escapeTerminal(log));
    print(`FAILED  ${escapeTerminal(name)}: ${escapeTerminal(because)}; nothing was attested`);
  }
  return EXIT.refuse;
}

const repeated = (differing: Built["differing"]): string | null =>
  differing === null ? null : differing.length === 0 ? "reproducible: a second run made every output byte for byte" : `NOT reproducible: a second run made ${differing.map((path) => visiblePath(path)).join(", ")} otherwise`;

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const [name] = positionals;
  if (name === undefined) throw new MaestroError("cli.usage", "build takes the name of a build that maestro.yaml or the host declares, or the id of one that was run");
  const json = values["json"] === true;
  const { client } = await connectOrStart(values);
  const built = IS_ID.test(name) ? null : await ran(client, name, values);
  if (built?.event === "failed") return sayFailed(built, name, json);
  const trust = fromBase64((await client.trust()).trust);
  if (trust === null) throw new MaestroError("trust.malformed", "the daemon's reply carries no strict base64");
  const { row, folder, provenance_path, provenance } = await receiveBuild(client, built?.row.build_id ?? name, textOf(values, "out"));
  // Before anything is called built: what was received is what was signed, file by file.
  const verified = row.files.map(({ sha256 }) => provenanceOf(provenance, trust, sha256));
  const [first] = verified;
  for (const one of verified) if (one.result !== "verified") throw new MaestroError("evidence.log", `the provenance just received does not verify: ${one.reason.code}: ${one.reason.detail}`);
  if (first?.result !== "verified") throw new MaestroError("evidence.log", "the build names no file");
  if (json) printJson({ result: "built", ...row, folder, provenance_path, differing: built?.differing ?? null, gaps: built?.gaps ?? [], level: first.level });
  else {
    for (const { path, bytes, sha256 } of row.files) print(`${sha256}  ${visiblePath(`${folder}/${path}`)}  ${bytes} bytes`);
    print(describeProvenance(first));
    const again = repeated(built?.differing ?? null);
    if (again !== null) print(again);
    for (const gap of built?.gaps ?? []) note(`maestro: not seen by the build: ${escapeTerminal(gap)}`);
    note(`maestro: ${row.build_id}; provenance in ${escapeTerminal(provenance_path)}`);
  }
  return EXIT.admit;
};
