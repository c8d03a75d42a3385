/** From a card to a rule about cards like it: its row goes to the Studio, where a rule is tried on it. */
import type { PageElement } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import { handCard } from "../../page/handing-over.ts";
import { rowOfCard, type PageCard } from "../model.ts";
import { button, part } from "./pieces.ts";

declare const location: { assign(url: string): void };

/** Where `maestro ui` serves the Studio. */
const STUDIO = "/studio";

const HOW = "From a file nothing can be handed over. Start maestro ui, which has both pages; or open the Studio (maestro ui studio --out studio.html) and give it the same file of rows as a recording.";
const TOO_LITTLE = "A rule is tried on a row of the daemon's list, and of this card not everything is known that a row says.";
const KEPT_NOT = "This browser keeps nothing for a page, so the card cannot be handed over. Open the Studio and run the rule over what is on record.";

/** `served`: both pages come from one address, and the Studio opens in this tab. */
export function rulePart(row: PageCard, served: boolean): PageElement[] {
  const hint = (text: string): PageElement => h("p", { class: "hint" }, text);
  if (!served) return [part("rule", "A rule about it", hint(HOW))];
  const known = rowOfCard(row);
  if (known === null) return [part("rule", "A rule about it", hint(TOO_LITTLE))];
  const note = h("p", { class: "hint", role: "status" }, "The Studio opens with this card as the example that the rule has to catch. Back brings you here again.");
  const go = (): void => (handCard(known) ? location.assign(STUDIO) : void (note.textContent = KEPT_NOT));
  return [part("rule", "A rule about it", h("div", { class: "actions" }, button("Write a rule that would have caught it", go)), note)];
}
