/** `maestro sbom`: what the lock files of a commit pin, or what a gate recorded of them, as CycloneDX JSON. */
import { createHash } from "node:crypto";
import { fromBase64, fromUtf8Lossy } from "../../../proto/encoding.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { SBOM_DOCUMENT } from "../../../proto/sbom.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { planChange } from "../../client/pack.ts";
import { acrossRestart } from "../../client/session.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { note, print } from "../output.ts";
import { place } from "../place.ts";
import { sendPack } from "../send-pack.ts";
import { verifyAgainst } from "../verification.ts";
import { writeOut } from "../write-file.ts";

function bytesOf(base64: string): Uint8Array {
  const bytes = fromBase64(base64);
  if (bytes === null) throw new MaestroError("worker.protocol", "the daemon's reply carries no strict base64");
  return bytes;
}

/** What a gate kept, and only where its signed leaf names just these bytes. */
async function recorded(client: MaestroClient, gate: string): Promise<Uint8Array> {
  const document = bytesOf((await client.gateSbom(gate)).document);
  const [bundle, trust] = await Promise.all([client.gateBundle(gate), client.trust()]);
  const verified = verifyAgainst(bytesOf(bundle.bundle), bytesOf(trust.trust), { leaf: SBOM_DOCUMENT, witnesses: "later" });
  const leaf = verified.leaf?.leaf;
  const named = leaf === undefined || leaf.kind === "identity" ? null : leaf.source_sha256;
  if (verified.result !== "verified" || named !== createHash("sha256").update(document).digest("hex")) throw new MaestroError("bundle.malformed", `the gate's evidence does not name this bill of materials${verified.reasons.map(({ code, detail }) => `; ${code}: ${detail}`).join("")}`);
  note(`maestro: named by a signed leaf of ${gate}`);
  return document;
}

async function made(client: MaestroClient, rev: string | undefined, values: Values): Promise<Uint8Array> {
  const first = await planChange(".", { head: rev });
  const { plan, mode } = await place(client, ".", first, { ...values, head: rev });
  const reply = await acrossRestart(async () => client.sbom({ intake_id: await sendPack(client, plan, mode), commit: plan.head }));
  if (reply.document === null) throw new MaestroError("request.not_found", "that commit has no lock file that is read; see docs/sbom.md");
  note(`maestro: ${reply.packages} packages of ${plan.head.slice(0, 12)}, sha256 ${reply.sha256}`);
  for (const gap of reply.gaps) note(`maestro: not in it: ${escapeTerminal(gap)}`);
  return bytesOf(reply.document);
}

export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const gate = textOf(values, "gate");
  if (gate !== undefined && positionals[0] !== undefined) throw new MaestroError("cli.usage", "sbom takes a commit or --gate, not both");
  const { client } = await connectOrStart(values);
  const document = gate === undefined ? await made(client, positionals[0], values) : await recorded(client, gate);
  const out = textOf(values, "out");
  // It is JSON in ASCII escapes or UTF-8 without control characters, whoever wrote the names in it.
  if (out === undefined) print(fromUtf8Lossy(document));
  else writeOut(out, document, 0o644, "print it instead", values["force"] === true);
  return EXIT.admit;
};
