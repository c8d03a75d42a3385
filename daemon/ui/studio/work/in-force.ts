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

const Domain = HostConfig.properties.trust_domain;
/** Of the daemon that starts by itself, whose state folder the next one opens. */
const PRIVATE_DOMAIN = "local";

/** The lines of a host's configuration that make a daemon read the folder. Its keys belong to a domain: with another one it does not open the state of the daemon before it. */
export function configOf(folder: string, domain: string | null): string {
  const known = domain !== null && Value.Check(Domain, domain) ? domain : PRIVATE_DOMAIN;
  return `version: 1\ntrust_domain: ${/^[a-z][a-z0-9-]*\.[a-z0-9.-]+$|^local$/.test(known) ? known : JSON.stringify(known)}\nmodes: [local]\ninvariants_folder: ${scalar(folder)}\n`;
}

/** In a clone nothing of ours is on the path. */
const STARTS = "maestro stop   # a private daemon that has the socket\n.toolchain/bin/maestrod --config \"$PWD/maestrod.yaml\"";

const OUTSIDE = "/etc/maestro/invariants";

/** The folder that a configuration is to name: one in a work tree is another one as soon as somebody switches the branch. */
export const folderFor = ({ folder, work_tree }: Pick<InvariantsList, "folder" | "work_tree">): string => (work_tree === null ? folder : OUTSIDE);

const shown = (text: string): PageElement => foreign(text.split("\n").map(visible).join("\n"));

/** No route of the daemon says which folder it reads, so the page does not claim to know. */
export function inForce(list: Pick<InvariantsList, "folder" | "work_tree">, domain: string | null): PageElement[] {
  const { work_tree } = list;
  const branch = work_tree === null ? [] : [h("p", { class: "problem" }, "This folder lies in the work tree ", h("code", {}, shown(work_tree)), ", so its rules change with the branch, and a daemon that finds none does not start. For a daemon copy them to a folder outside, such as ", h("code", {}, OUTSIDE), ", and name that one under ", h("code", {}, "invariants_folder"), ".")];
  const odd = Value.Check(FolderPath, folderFor(list)) ? [] : [h("p", { class: "problem" }, "The path of this folder has characters that a configuration does not take, such as spaces: move it first.")];
  return [
    ...branch,
    ...odd,
    h("p", {}, h("strong", {}, "Saved is not in force. "), "A daemon reads rules of yours when it starts, from the one folder that its configuration names; whether this is it, no page can see. The private daemon that ", h("code", {}, "maestro gate"), " and ", h("code", {}, "npm start"), " begin reads no folder. So that one asks this rule, write into ", h("code", {}, "maestrod.yaml")),
    h("pre", { tabindex: "0", "aria-label": "Lines of maestrod.yaml" }, shown(configOf(folderFor(list), domain))),
    h("p", {}, domain === null ? "(the domain is that of the private daemon, as none answers here; write yours where it is another, " : "(the domain is that of the daemon that answers here, ", "since the keys of its state belong to it), and in a clone of Maestro start it there:"),
    h("pre", { tabindex: "0", "aria-label": "Commands that start the daemon" }, STARTS),
    h("p", {}, "On a host with the package the file is ", h("code", {}, "/etc/maestro/maestrod.yaml"), ", and ", h("code", {}, "systemctl restart maestrod"), " reads it. A rule about ", h("code", {}, "change_decided"), " stops no change even then: it says and counts. docs/guards.md has the whole way."),
  ];
}
