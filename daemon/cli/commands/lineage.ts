import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { STAGES, type LineageNode, type LineageReply } from "../../../proto/lineage.ts";
import type { RetentionReply, Tombstone } from "../../../proto/retention.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";

const DIGEST_CHARACTERS = 16;
const NODES_SHOWN = 12;

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

/** `sha256:0123456789abcdef`: enough to find it; --json has all of it. */
function shortDigest(digest: string | null): string {
  const [, algorithm = "", value = ""] = /^([^:]*):(.*)$/s.exec(digest ?? "") ?? [];
  return digest === null ? "" : `${algorithm}:${value.slice(0, DIGEST_CHARACTERS)}`;
}

const STATE: Readonly<Record<LineageNode["state"], string>> = { kept: "kept", tombstone: "gone, its time was over", absent: "not here", passing: "digest alone was kept" };

function nodeLine({ kind, name, digest, class: of, state }: LineageNode): string {
  return `  ${kind.padEnd(14)} ${escapeTerminal(name).padEnd(34)} ${shortDigest(digest).padEnd(30)} ${of}: ${STATE[state]}`.trimEnd();
}

function tombstoneLine({ name, class: of, why, at_s, made_s, digests }: Tombstone): string {
  return `tombstone  ${name}, made ${day(made_s)}, gone ${day(at_s)} (${why === "asked" ? "an operator asked" : "its time was over"}, class ${of}): ${digests.map(({ kind, sha256 }) => `${kind} sha256:${sha256.slice(0, DIGEST_CHARACTERS)}`).join(", ")}`;
}

function lineageText({ name, gate_id, attempt, hold, tombstones, nodes }: LineageReply): string {
  const stages = STAGES.flatMap((stage) => {
    const own = nodes.filter((node) => node.stage === stage);
    const more = own.length - NODES_SHOWN;
    return own.length === 0 ? [] : [stage, ...own.slice(0, NODES_SHOWN).map(nodeLine), ...(more > 0 ? [`  and ${more} more, listed by --json`] : [])];
  });
  return [
    gate_id === null ? name : `${gate_id}, attempt ${attempt}`,
    ...(hold === null ? [] : [`held since ${day(hold.at_s)}: ${escapeTerminal(hold.reason)}`]),
    ...tombstones.map(tombstoneLine),
    ...stages,
  ].join("\n");
}

function classesText({ classes, tombstones, holds, overdue, last_sweep }: RetentionReply): string {
  const kept = ({ days }: RetentionReply["classes"][number]): string => (days === null ? "always" : days === 0 ? "for ever" : `${days} days`);
  return [
    ...classes.map((one) => `${one.class.padEnd(11)} ${kept(one).padEnd(9)} ${one.holds}${one.setting === null ? "" : `  (${one.setting})`}`),
    `${tombstones} tombstones, ${holds} gates held, last look ${last_sweep ?? "none yet"}${overdue === 0 ? "" : `; ${overdue} records are past their time and could not be removed, see maestro logs`}`,
  ].join("\n");
}

async function changed(client: MaestroClient, verb: string, id: string, values: Values): Promise<{ readonly document: unknown; readonly text: string }> {
  if (verb === "forget") {
    if (values["yes"] !== true) throw new MaestroError("cli.usage", "forget removes card, findings, bundle and rows of every attempt for good; say --yes");
    const reply = await client.forget(id);
    return { document: reply, text: `${reply.attempts} attempt(s) of ${reply.gate_id} are gone; tombstones and log entries stay` };
  }
  const hold = verb === "hold";
  const reason = textOf(values, "reason") ?? "";
  if (hold && reason === "") throw new MaestroError("cli.usage", "hold takes --reason TEXT");
  const reply = await client.hold(id, { hold, reason });
  return { document: reply, text: hold ? `${reply.gate_id} is held: nothing of it goes` : `${reply.gate_id} is let go of` };
}

export const run: CommandModule["run"] = async ({ values, positionals: [first, second] }) => {
  const json = values["json"] === true;
  if (first === undefined) throw new MaestroError("cli.usage", "lineage takes the start of a gate id, a commit or a digest, or: classes, hold ID, unhold ID, forget ID");
  const { client } = await connectOrStart(values);
  if (first === "classes" && second === undefined) {
    const reply = await client.retention();
    if (json) printJson(reply);
    else print(classesText(reply));
    return EXIT.admit;
  }
  if (second !== undefined) {
    if (!["hold", "unhold", "forget"].includes(first)) throw new MaestroError("cli.usage", `lineage knows no ${JSON.stringify(first)}; hold, unhold or forget`);
    const { document, text } = await changed(client, first, second, values);
    if (json) printJson(document);
    else print(text);
    return EXIT.admit;
  }
  const reply = await client.lineage(first);
  if (json) printJson(reply);
  else print(lineageText(reply));
  return EXIT.admit;
};
