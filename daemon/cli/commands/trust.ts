import { renameSync, writeFileSync } from "node:fs";
import type { Mode } from "../../../proto/change.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { TrustedKey } from "../../../proto/trust.ts";
import { withheld, withheldText } from "../../verifier/further/wording.ts";
import { openTrust, type Trust } from "../../verifier/index.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { textOf, type CommandModule, type Values } from "../command.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";
import { changesOf, keptScope, previousTrust } from "../trust-previous.ts";
import { makeRoot, readRoot, readTrust, signTrustFile } from "../trust-root.ts";
import { witnessGrant } from "../trust-witnesses.ts";
import { daysOf, required, wordsIn } from "../values.ts";

const MODES: readonly Mode[] = ["host", "fork", "local"];

function modesOf(values: Values): Mode[] {
  return wordsIn(textOf(values, "modes") ?? MODES.join(",")).map((word) => {
    const mode = MODES.find((known) => known === word);
    if (mode === undefined) throw new MaestroError("cli.usage", `--modes takes ${MODES.join(", ")}, not ${word}`);
    return mode;
  });
}

function describe(trust: Trust): string {
  const lines = trust.entries.map(({ entry }) => `${entry.role.padEnd(10)} ${entry.fingerprint}  modes ${entry.modes.join(" ")}  repositories ${entry.repository_ids.join(" ")}  ${entry.from} to ${entry.to}`);
  const { keys, quorum } = trust.witnesses;
  const asked = keys.length === 0 ? [] : [`witnesses  ${quorum === null ? "none is asked for" : `${quorum} of ${keys.length} must have cosigned a checkpoint`}: ${keys.map(({ key }) => key.name).join(", ")}`];
  const missing = withheld(trust);
  if (missing.length > 0) asked.push(`note       ${withheldText(missing)}`);
  return [`trust domain ${trust.trust_domain}${trust.self_made ? " (self-made: proves integrity, not authority)" : ""}`, ...lines, ...asked].map((line) => escapeTerminal(line)).join("\n");
}

function show(trust: Trust, values: Values): number {
  const { trust_domain, self_made, entries, witnesses: { quorum } } = trust;
  if (values["json"] === true) printJson({ trust_domain, self_made, keys: entries.map(({ entry }) => entry), witness_quorum: quorum });
  else print(describe(trust));
  return EXIT.admit;
}

/** `init` makes an offline root, `sign` writes the trust file that names nodes' keys, `show` says what a trust file says, `export` writes it for other people's tools. */
export const run: CommandModule["run"] = async ({ values, lists, positionals: [verb, ...files] }) => {
  if (verb === "init") {
    const { key } = makeRoot(required("trust", values, "root"));
    if (values["json"] === true) printJson({ root: key.fingerprint });
    else print(`root ${key.fingerprint}\nkeep the file offline: whoever has it can make any key speak for this trust domain`);
    return EXIT.admit;
  }
  if (verb === "export") return (await import("../export/trust-export.ts")).exportTrust(values, files);
  const nodes = files.map(readTrust);
  const [first] = nodes;
  if (first === undefined || (verb !== "sign" && verb !== "show")) throw new MaestroError("cli.usage", "trust takes init --root FILE, sign --root FILE --out FILE NODE_TRUST..., show FILE, or export --out DIR [FILE]");
  if (verb === "show") return show(first, values);
  const out = required("trust", values, "out");
  const root = readRoot(required("trust", values, "root"));
  const { trust: previous, strangers } = previousTrust(out, files, root.key.fingerprint);
  const said = { modes: modesOf(values), repository_ids: wordsIn(textOf(values, "repositories") ?? "*") };
  const scope = (entry: TrustedKey): Pick<TrustedKey, "modes" | "repository_ids"> => {
    const kept = previous === null || (textOf(values, "modes") !== undefined && textOf(values, "repositories") !== undefined) ? said : keptScope(previous, entry);
    return { modes: textOf(values, "modes") === undefined ? kept.modes : said.modes, repository_ids: textOf(values, "repositories") === undefined ? kept.repository_ids : said.repository_ids };
  };
  const bytes = signTrustFile(root, nodes, { ...said, scope, days: daysOf(values), now: new Date(), witnesses: witnessGrant(values, lists?.["witness"] ?? [], previous) });
  const opened = openTrust(bytes);
  if (!opened.ok) throw new MaestroError("trust.malformed", opened.reason.detail);
  writeFileSync(`${out}.new`, bytes, { mode: 0o644, flush: true });
  renameSync(`${out}.new`, out);
  for (const path of strangers) note(`${escapeTerminal(path)} is signed by another root: of it the nodes' keys are taken over, and neither modes, repositories, witnesses nor quorum`);
  if (previous !== null) note([...changesOf(previous, opened.value), "what was not named stands as it did"].map((line) => escapeTerminal(line)).join("\n"));
  return show(opened.value, values);
};
