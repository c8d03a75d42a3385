/** Counterexamples of a card, to be stepped through. Nothing of them is run: one that its gate did not see break twice is not drawn. */
import type { Card } from "../../../../proto/card.ts";
import { readCex } from "../../../verifier/counterexample.ts";
import type { PageElement } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import { stepper } from "../../page/stepper.ts";
import { walkOfCex } from "../../studio/stepping/walk.ts";
import { command, more, part, said } from "./pieces.ts";

type Listed = NonNullable<Card["counterexamples"]>["listed"][number];

function drawn({ rule, sha256, document }: Listed, say: (sentence: string) => void): PageElement {
  const named = `document counterexample/${sha256.slice(0, 32)}.json of the bundle`;
  if (document === null) return h("li", {}, said(rule), `: too long for a card; it is the ${named}.`);
  const cex = readCex(document);
  if (cex?.replay.verdict !== "reproduced") return h("li", {}, said(rule), `: what stands here is no counterexample that was seen to break; the ${named} has its bytes.`);
  const walk = walkOfCex(cex);
  return h("li", {}, h("p", { class: "said" }, said(walk.title)), stepper(walk), h("p", { class: "hint" }, said(`Found by ${cex.engine}${cex.seed === null ? "" : `, seed ${cex.seed}`}. Nothing is run here; see it break with`)), command(cex.replay.command, say));
}

export function counterexamplesPart({ counterexamples }: Card, say: (sentence: string) => void): PageElement[] {
  if (counterexamples === undefined || counterexamples.listed.length + counterexamples.more === 0) return [];
  const { listed, more: rest } = counterexamples;
  return [part("counterexamples", "Counterexamples", h("ol", { class: "cex-list" }, ...listed.map((one) => drawn(one, say))), ...(rest === 0 ? [] : [more(rest), h("p", { class: "hint" }, "They are in the evidence bundle.")]))];
}
