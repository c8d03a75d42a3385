/** Two cards beside each other. */
import { plural } from "../../../verifier/words/card.ts";
import type { PageElement } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import { differences, type Compared, type Fact, type ReasonDifference } from "./differences.ts";
import { list, part, said, verdictBadge } from "./pieces.ts";

const IS = { gone: "− gone", new: "+ new", kept: "= in both" } as const;

const factRow = ({ label, one, other }: Fact): (PageElement | string)[] => [said(label), said(one), said(other), one === other ? "" : "● differs"];

function findingsText({ findings }: ReasonDifference): string {
  if (findings === null) return "not known";
  const parts = ([["gone", findings.gone], ["in both", findings.kept], ["new", findings.new]] as const).filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

const reasonRow = (reason: ReasonDifference): (PageElement | string)[] => [said(reason.rule), IS[reason.is], reason.one ?? "", reason.other ?? "", findingsText(reason)];

const nameOf = ({ row }: Compared): string => `${row.title === "" ? row.head.slice(0, 9) : row.title}, attempt ${row.attempt}`;

export function comparison(one: Compared, other: Compared): PageElement[] {
  const { facts, reasons, checks, checks_same, remarks } = differences(one, other);
  const count = (is: ReasonDifference["is"]): number => reasons.filter((reason) => reason.is === is).length;
  return [
    h("p", { class: "compared" }, "First: ", verdictBadge(one.row.verdict), " ", said(nameOf(one)), h("br", {}), "Second: ", verdictBadge(other.row.verdict), " ", said(nameOf(other))),
    ...remarks.map((text) => h("p", { class: "hint" }, text)),
    part("compared-reasons", "Reasons", h("p", { class: "hint" }, `${count("gone")} gone, ${count("new")} new, ${count("kept")} in both.`), ...(reasons.length === 0 ? [] : [list("Reasons of both", ["Rule", "Second against first", "First", "Second", "Findings"], reasons.map(reasonRow))])),
    part("compared-checks", "Checks and constraints", checks.length === 0 ? h("p", { class: "hint" }, "None that is known differs.") : list("Those that differ", ["Check", "First", "Second"], checks.map((check) => factRow(check).slice(0, 3))), ...(checks_same === 0 ? [] : [h("p", { class: "hint" }, `${plural(checks_same, "other")} ${checks_same === 1 ? "is" : "are"} the same.`)])),
    part("compared-facts", "Everything else", list("Both cards", ["What", "First", "Second", "Differs"], facts.map(factRow))),
  ];
}
