/** Builds a page into one file: `bun daemon/ui/build.ts --page NAME [--served] --out FILE`. The same source gives the same bytes, wherever it stands. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { BunPlugin } from "bun";
import { MaestroError } from "../../proto/errors.ts";
import { VERSION } from "../../proto/version.ts";
import { cardsBody } from "./cards/body.ts";
import { pageHtml, type PageBody, type Reach } from "./page/document.ts";
import { studioBody } from "./studio/body.ts";
import { verifierBody } from "./verifier/body.ts";

/** Each page is a folder with `main.ts`, `style.css` and its body. */
const PAGES = { cards: cardsBody, studio: studioBody, verifier: verifierBody } as const satisfies Readonly<Record<string, PageBody>>;
export type PageName = keyof typeof PAGES;
const NAMES: Readonly<Record<PageName, string>> = { cards: "Cards", studio: "Studio", verifier: "Verifier" };
const isPage = (name: string): name is PageName => Object.hasOwn(PAGES, name);

/** A page from disk may fetch nothing: its kernels travel inside as data URLs, which the kernels' loader reads. */
const kernelsInside: BunPlugin = {
  name: "kernels-inside",
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, ({ path }) => ({ loader: "js", contents: `export default "data:application/wasm;base64,${readFileSync(path).toString("base64")}";` }));
  },
};

async function scriptOf(page: PageName): Promise<string> {
  // Named here, because what a build of another process defines must not get in.
  const output = await Bun.build({ entrypoints: [join(import.meta.dir, page, "main.ts")], target: "browser", format: "iife", minify: true, sourcemap: "none", env: "disable", plugins: [kernelsInside] });
  const [file, second] = output.outputs;
  if (!output.success || file === undefined || second !== undefined) throw new MaestroError("install.failed", `the page could not be bundled into one script: ${output.logs.join("; ")}`);
  const text = (await file.text()).trim().replace(/<\/(?=script)/gi, "<\\/");
  // In a string the line above changes nothing; a comment's beginning would change how the rest of the page is read.
  if (text.includes("<!--")) throw new MaestroError("install.failed", "the script holds the beginning of an HTML comment");
  return text;
}

/** Where `maestro ui` serves them, they lead to each other; from disk there is no address to lead to. */
function linksOf(page: PageName, reach: Reach): string {
  if (reach === "nobody") return "";
  const links = Object.entries(NAMES).map(([name, text]) => `<a href="/${name}"${name === page ? ' aria-current="page"' : ""}>${text}</a>`);
  return `<nav class="pages" aria-label="Pages">${links.join(" ")}</nav>\n`;
}

/** The page's bytes; one that `maestro ui` serves may speak with who serves it. Throws `install.failed`. */
export async function buildPage(page: PageName, reach: Reach = "nobody"): Promise<Uint8Array> {
  const style = ["page/base.css", `${page}/style.css`].map((file) => readFileSync(join(import.meta.dir, file), "utf8").trim()).join("\n");
  return new TextEncoder().encode(pageHtml({ ...PAGES[page](VERSION), above: linksOf(page, reach), script: await scriptOf(page), style, reach }));
}

if (import.meta.main) {
  const { values } = parseArgs({ args: Bun.argv.slice(2), options: { page: { type: "string" }, out: { type: "string" }, served: { type: "boolean" } }, strict: true });
  if (values.out === undefined || values.page === undefined || !isPage(values.page)) throw new MaestroError("cli.usage", `usage: build.ts --page ${Object.keys(PAGES).join("|")} [--served] --out FILE`);
  writeFileSync(values.out, await buildPage(values.page, values.served === true ? "self" : "nobody"));
}
