/** What is saved is a file, and no more: which daemon asks it, and what to write so that one does. */
import { Value } from "@sinclair/typebox/value";
import { HostConfig } from "../../../../proto/config.ts";
import type { InvariantsList } from "../../../../proto/ui.ts";
import type { PageElement } from "../../page/dom.ts";
import { foreign, h } from "../../page/element.ts";
import { visible } from "../../../verifier/visible.ts";

const FolderPath = HostConfig.properties.invariants_folder;

/** A path that YAML would read as something else stands in quotes. */
const scalar = (path: string): string => (/^\/[\w/.-]+$/.test(path) ? path : JSON.stringify(path));

/** The lines of a host's configuration that make a daemon read the folder. */
export const configOf = (folder: string): string => `version: 1\ntrust_domain: ci.example.org   # yours\nmodes: [local]\ninvariants_folder: ${scalar(folder)}\n`;

const OUTSIDE = "/etc/maestro/invariants";

/** The folder that a configuration is to name: one in a work tree is another one as soon as somebody switches the branch. */
export const folderFor = ({ folder, work_tree }: Pick<InvariantsList, "folder" | "work_tree">): string => (work_tree === null ? folder : OUTSIDE);

const shown = (text: string): PageElement => foreign(text.split("\n").map(visible).join("\n"));

/** No route of the daemon says which folder it reads, so the page does not claim to know. */
export function inForce(list: Pick<InvariantsList, "folder" | "work_tree">): PageElement[] {
  const { work_tree } = list;
  const branch = work_tree === null ? [] : [h("p", { class: "problem" }, "This folder lies in the work tree ", h("code", {}, shown(work_tree)), ", so its rules change with the branch, and a daemon that finds none does not start. For a daemon copy them to a folder outside, such as ", h("code", {}, OUTSIDE), ", and name that one under ", h("code", {}, "invariants_folder"), ".")];
  const odd = Value.Check(FolderPath, folderFor(list)) ? [] : [h("p", { class: "problem" }, "The path of this folder has characters that a configuration does not take, such as spaces: move it first.")];
  return [
    ...branch,
    ...odd,
    h("p", {}, h("strong", {}, "Saved is not in force. "), "A daemon reads rules of yours when it starts, from the one folder that its configuration names; whether this is it, no page can see. The private daemon that ", h("code", {}, "maestro gate"), " and ", h("code", {}, "npm start"), " begin reads no folder. So that one asks this rule, write into ", h("code", {}, "maestrod.yaml")),
    h("pre", { tabindex: "0", "aria-label": "Lines of maestrod.yaml" }, shown(configOf(folderFor(list)))),
    h("p", {}, "and start it: ", h("code", {}, "maestrod --config \"$PWD/maestrod.yaml\""), " (one that runs already: restart it). A rule about ", h("code", {}, "change_decided"), " stops no change even then: it says and counts. docs/guards.md has the whole way."),
  ];
}
