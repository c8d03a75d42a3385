/** Gives a text to the browser to save. Works from disk and without anybody behind the page. */
import { h } from "../../page/element.ts";

/** Long enough for any browser to have begun, after which the memory is given back. */
const KEPT_MS = 60_000;

export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
