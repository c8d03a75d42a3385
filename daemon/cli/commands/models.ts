import { EXIT, MaestroError } from "../../../proto/errors.ts";
import type { ModelsReply, ModelVerified } from "../../../proto/models-api.ts";
import type { MaestroClient } from "../../client/maestro.ts";
import { mebibytes } from "../bytes.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import type { CommandModule, Values } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";

/** Whoever waits longer is told what for. */
const SILENT_MS = 2_000;

const say = (values: Values, document: unknown, text: () => string): void => (values["json"] === true ? printJson(document) : print(text()));

function listed({ models, obtainable, damaged, engines, engine_folder }: ModelsReply): string {
  const rows = models.flatMap(({ model: { name, kind, digest, licence_id, quantisation, context_tokens, files }, licence, locked }) => [
    `${name}  ${kind}, ${[quantisation, `${context_tokens} tokens`, mebibytes(files.reduce((sum, { bytes }) => sum + bytes, 0))].filter((part) => part !== "").join(", ")}${locked ? "" : ", of no lock"}`,
    `  digest   ${digest}`,
    `  licence  ${escapeTerminal(licence_id)}${licence === licence_id ? "" : `: ${escapeTerminal(licence)}`}`,
  ]);
  const broken = damaged.map((name) => `${escapeTerminal(name)}  DAMAGED: its record cannot be read; stop the daemon, run maestro fsck --repair, then import the model again`);
  const lacking = obtainable.map((name) => `${name}  not stored; maestro models setup ${name} obtains it`);
  const engine = engines.map(({ name, version, wanted }) => `${name} ${version ?? "not installed"}${version === wanted ? "" : `; ${wanted} is needed: maestro models setup --engines-only`}`);
  return [...rows, ...broken, ...lacking, `engines in ${escapeTerminal(engine_folder)}`, ...engine.map((line) => `  ${line}`)].join("\n");
}

async function verified(client: MaestroClient, names: readonly string[]): Promise<ModelVerified[]> {
  const found: ModelVerified[] = [];
  // One whose record is damaged is asked for, too: what cannot be looked at is not passed over.
  const stored = async (): Promise<string[]> => {
    const { models, damaged } = await client.models();
    return [...models.map(({ model }) => model.name), ...damaged];
  };
  for (const name of names.length > 0 ? names : await stored()) found.push(await client.verifyModel(name));
  return found;
}

const verdict = ({ name, digest, files, sound }: ModelVerified): string =>
  [`${name}  ${sound ? "sound" : "CORRUPT"}  ${digest}`, ...files.flatMap((file) => (file.problem === null ? [] : [`  ${file.name}: ${escapeTerminal(file.problem)}; import the model again`]))].join("\n");

function oneName(names: readonly string[], verb: string): string {
  const [name] = names;
  if (name === undefined || names.length > 1) throw new MaestroError("cli.usage", `say: maestro models ${verb} NAME`);
  return name;
}

const VERBS: Readonly<Record<string, (client: MaestroClient, names: readonly string[], values: Values) => Promise<number>>> = {
  async list(client, names, values) {
    if (names.length > 0) throw new MaestroError("cli.usage", "models list takes no name");
    const reply = await client.models();
    say(values, reply, () => listed(reply));
    return EXIT.admit;
  },
  async setup(client, names, values) {
    const done = await (await import("../models/setup.ts")).setUp(client, names, values);
    say(values, done, () => [...done.models.map(({ name, digest, obtained }) => `${name}  ${obtained ? "stored and read back" : "there already"}  ${digest}`), ...(values["models-only"] === true ? [] : [`engines ${done.engines ? "installed" : "there already"} in ${done.engine_folder}`])].join("\n"));
    return EXIT.admit;
  },
  async import(client, names, values) {
    const { importFiles } = await import("../models/import.ts");
    const done = await importFiles(client, oneName(names, "import"), values);
    say(values, done, () => `${done.model.name}  ${done.was_there ? "was there; its bytes were written again" : "stored"}  ${done.model.digest}`);
    return EXIT.admit;
  },
  async verify(client, names, values) {
    const models = await verified(client, names);
    if (models.length === 0) throw new MaestroError("models.unknown", "no model is stored, so nothing was verified; maestro models setup obtains those of the lock");
    say(values, { models }, () => models.map(verdict).join("\n"));
    return models.every(({ sound }) => sound) ? EXIT.admit : EXIT.refuse;
  },
  async remove(client, names, values) {
    const name = oneName(names, "remove");
    const waits = setTimeout(() => note(`${escapeTerminal(name)} goes when what it was asked before is answered; nothing new is asked of it`), SILENT_MS);
    const reply = await client.removeModel(name).finally(() => clearTimeout(waits));
    say(values, reply, () => (reply.removed ? `${name} is removed; its bytes go with the next maestro gc` : `no model ${escapeTerminal(name)} is stored`));
    return EXIT.admit;
  },
};

export const run: CommandModule["run"] = async ({ values, positionals: [verb = "list", ...names] }) => {
  const work = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (work === undefined) throw new MaestroError("cli.usage", `models takes ${Object.keys(VERBS).join(", ")}, not ${JSON.stringify(verb)}`);
  return work((await connectOrStart(values)).client, names, values);
};
