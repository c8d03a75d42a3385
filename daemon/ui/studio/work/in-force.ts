/** What is saved is a file, and no more: which daemon asks it, and what to write so that one does. */
import { Value } from "@sinclair/typebox/value";
import { HostConfig } from "../../../../proto/config.ts";
import type { PageElement } from "../../page/dom.ts";
import { foreign, h } from "../../page/element.ts";
import { visible } from "../../../verifier/visible.ts";

const FolderPath = HostConfig.properties.invariants_folder;

/** A path that YAML would read as something else stands in quotes. */
const scalar = (path: string): string => (/^\/[\w/.-]+$/.test(path) ? path : JSON.stringify(path));

/** The lines of a host's configuration that make a daemon read the folder. */
export const configOf = (folder: string): string => `version: 1\ntrust_domain: ci.example.org   # yours\nmodes: [local]\ninvariants_folder: ${scalar(folder)}\n`;

/** No route of the daemon says which folder it reads, so the page does not claim to know. */
export function inForce(folder: string): PageElement[] {
  const odd = Value.Check(FolderPath, folder) ? [] : [h("p", { class: "problem" }, "The path of this folder has characters that a configuration does not take, such as spaces: move it first.")];
  return [
    ...odd,
    h("p", {}, h("strong", {}, "Saved is not in force. "), "A daemon reads rules of yours when it starts, from the one folder that its configuration names; whether this is it, no page can see. The private daemon that ", h("code", {}, "maestro gate"), " and ", h("code", {}, "npm start"), " begin reads no folder. So that one asks this rule, write into ", h("code", {}, "maestrod.yaml")),
    h("pre", { tabindex: "0", "aria-label": "Lines of maestrod.yaml" }, foreign(configOf(folder).split("\n").map(visible).join("\n"))),
    h("p", {}, "and start it: ", h("code", {}, "maestrod --config \"$PWD/maestrod.yaml\""), " (one that runs already: restart it). A rule about ", h("code", {}, "change_decided"), " stops no change even then: it says and counts. docs/guards.md has the whole way."),
  ];
}
