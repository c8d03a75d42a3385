/**
 * Builds the verifier page into one file: `bun daemon/ui/build.ts --out FILE`. The same source gives the same bytes, wherever it stands.
 * Further pages of this folder get their own entry beside `verifier/`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BunPlugin } from "bun";
import { MaestroError } from "../../proto/errors.ts";
import { VERSION } from "../../proto/version.ts";
import { pageHtml } from "./verifier/shell.ts";

const ENTRY = join(import.meta.dir, "verifier/main.ts");
const STYLE = join(import.meta.dir, "verifier/style.css");

/** A page from disk may fetch nothing: its kernels travel inside as data URLs, which the kernels' loader reads. */
const kernelsInside: BunPlugin = {
  name: "kernels-inside",
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, ({ path }) => ({ loader: "js", contents: `export default "data:application/wasm;base64,${readFileSync(path).toString("base64")}";` }));
  },
};

async function script(): Promise<string> {
  // Named here, because what a build of another process defines must not get in.
  const output = await Bun.build({ entrypoints: [ENTRY], target: "browser", format: "iife", minify: true, sourcemap: "none", env: "disable", plugins: [kernelsInside] });
  const [file, second] = output.outputs;
  if (!output.success || file === undefined || second !== undefined) throw new MaestroError("install.failed", `the page could not be bundled into one script: ${output.logs.join("; ")}`);
  const text = (await file.text()).trim().replace(/<\/(?=script)/gi, "<\\/");
  // In a string the line above changes nothing; a comment's beginning would change how the rest of the page is read.
  if (text.includes("<!--")) throw new MaestroError("install.failed", "the script holds the beginning of an HTML comment");
  return text;
}

/** The page's bytes. Throws `install.failed`. */
export async function buildVerifierPage(): Promise<Uint8Array> {
  const style = readFileSync(STYLE, "utf8").trim();
  return new TextEncoder().encode(pageHtml({ script: await script(), style, version: VERSION }));
}

if (import.meta.main) {
  const { values } = parseArgs({ args: Bun.argv.slice(2), options: { out: { type: "string" } }, strict: true });
  if (values.out === undefined) throw new MaestroError("cli.usage", "usage: build.ts --out FILE");
  writeFileSync(values.out, await buildVerifierPage());
}
