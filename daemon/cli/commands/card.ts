import { existsSync } from "node:fs";
import { Bundle } from "../../../proto/bundle.ts";
import { parseCanonical } from "../../../proto/canonical.ts";
import type { Card } from "../../../proto/card.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { Value } from "@sinclair/typebox/value";
import { renderMarkdown } from "../card/markdown.ts";
import { renderTerminal } from "../card/terminal.ts";
import { didYouMean, textOf, type CommandModule, type Values } from "../command.ts";
import { connectOrStart } from "../connect.ts";
import { printJson } from "../document.ts";
import { note, print, wantsAscii, wantsColour } from "../output.ts";
import { FORMATS, isFormat } from "../outputs/formats.ts";
import { reportOf } from "../outputs/written.ts";
import { readBundleFile } from "../verification.ts";

const LIMITS = { bytes_max: 128 * 1024 * 1024, depth_max: 24 };

function parseBundle(path: string): unknown {
  const bytes = readBundleFile(path);
  try {
    return parseCanonical(bytes, LIMITS);
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    throw new MaestroError("bundle.malformed", `${path}: ${error.detail}`, { cause: error });
  }
}

function cardOfFile(path: string): Card {
  const value = parseBundle(path);
  if (!Value.Check(Bundle, value)) throw new MaestroError("bundle.malformed", path);
  if (value.card === null) throw new MaestroError("bundle.malformed", `${path}: the card is hidden in this bundle`);
  note("maestro: shown as the file says it; `maestro verify` tells whether that is true");
  return value.card;
}

/** What is made of findings needs the daemon: a bundle holds the card and not them. */
async function formatted(name: string, format: string, values: Values): Promise<string> {
  if (!isFormat(format)) throw new MaestroError("cli.usage", `--format takes ${Object.keys(FORMATS).join(", ")}, not ${JSON.stringify(format)}${didYouMean(format, Object.keys(FORMATS))}`);
  if (format === "markdown" && existsSync(name)) return renderMarkdown(cardOfFile(name), null);
  if (existsSync(name)) throw new MaestroError("cli.usage", `a bundle file holds no findings, so there is no ${format} of it; name the gate instead`);
  const { client } = await connectOrStart(values);
  return FORMATS[format](await reportOf(client, await client.gateRecord(name)));
}

/** A gate that the daemon recorded, or a bundle file. */
export const run: CommandModule["run"] = async ({ values, positionals }) => {
  const [name] = positionals;
  if (name === undefined) throw new MaestroError("cli.usage", "card takes a gate id, a commit, or a bundle file");
  const format = textOf(values, "format");
  if (format !== undefined) {
    print(await formatted(name, format, values));
    return EXIT.admit;
  }
  const options = { colour: wantsColour(), ascii: wantsAscii() };
  const recorded = existsSync(name) ? null : await (await connectOrStart(values)).client.gateRecord(name);
  const card = recorded?.card ?? cardOfFile(name);
  if (values["json"] === true) printJson(recorded ?? { card });
  else if (values["markdown"] === true) print(renderMarkdown(card, recorded?.proof ?? null, null, recorded?.cost));
  else print(renderTerminal(card, recorded === null ? options : { ...options, proof: recorded.proof, timings: recorded.timings, cost: recorded.cost }));
  return EXIT.admit;
};
