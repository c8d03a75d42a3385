import { Value } from "@sinclair/typebox/value";
import { Bundle } from "../../../proto/bundle.ts";
import { parseCanonical } from "../../../proto/canonical.ts";
import { CEX_LIMITS } from "../../../proto/counterexample.ts";
import { fromBase64, fromUtf8Lossy } from "../../../proto/encoding.ts";
import { EXIT, MaestroError } from "../../../proto/errors.ts";
import { toItf } from "../../../proto/itf.ts";
import { readNamed } from "../bounded-file.ts";
import { readCex } from "../../verifier/counterexample.ts";
import { counterexampleText } from "../card/counterexample.ts";
import type { CommandModule } from "../command.ts";
import { printJson } from "../document.ts";
import { note, print } from "../output.ts";

const BUNDLE_LIMITS = { bytes_max: 128 * 1024 * 1024, depth_max: 24 };
const PLACE = "counterexample/";

/** The documents of a bundle, or the file itself. */
function textsOf(path: string): readonly string[] {
  const bytes = readNamed(path, BUNDLE_LIMITS.bytes_max);
  if (bytes.length <= CEX_LIMITS.bytes_max && readCex(fromUtf8Lossy(bytes).trimEnd()) !== null) return [fromUtf8Lossy(bytes).trimEnd()];
  const value = parsed(path, bytes);
  if (!Value.Check(Bundle, value)) throw new MaestroError("bundle.malformed", `${path} is neither a counterexample of maestro.cex/v1 in its one spelling nor an evidence bundle`);
  const documents = (value.documents ?? []).filter(({ name }) => name.startsWith(PLACE));
  if (documents.length === 0) throw new MaestroError("cli.usage", `${path} holds no counterexample`);
  note("maestro: shown as the file says it; `maestro verify` tells whether that is true");
  return documents.map(({ content }) => fromUtf8Lossy(fromBase64(content) ?? new Uint8Array(0)));
}

function parsed(path: string, bytes: Uint8Array): unknown {
  try {
    return parseCanonical(bytes, BUNDLE_LIMITS);
  } catch (error) {
    if (!(error instanceof MaestroError)) throw error;
    throw new MaestroError("bundle.malformed", `${path}: ${error.detail}`, { cause: error });
  }
}

/** Of show, 3 where something in the file is no counterexample that was seen to break. */
export const run: CommandModule["run"] = async ({ values, positionals: [verb, path = ""] }) => {
  if (verb === "import") return (await import("../counterexamples/import.ts")).importTrace(path, values);
  if (verb !== "show") throw new MaestroError("cli.usage", "maestro cex show FILE, or maestro cex import FILE --invariant ID");
  let code: number = EXIT.admit;
  for (const text of textsOf(path)) {
    const cex = readCex(text);
    if (cex === null || cex.replay.verdict !== "reproduced") {
      note("maestro: not shown: no counterexample that was seen to break");
      code = EXIT.hold;
    } else if (values["itf"] === true) printJson(toItf(cex));
    else if (values["json"] === true) printJson(cex);
    else print(counterexampleText(cex));
  }
  return code;
};
