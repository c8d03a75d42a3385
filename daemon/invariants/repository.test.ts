import { expect, test } from "bun:test";
import { compileOwn, compileRepository, SHIPPED_EVENTS } from "./repository.ts";

const rule = (event: string, fields = "") => `id: A.B\nscope: s\nwhen: [{event: ${event}}]\n${fields}assert: [{expr: total_spend_usd <= 5}]\n`;
const mistakes = (...texts: string[]) => compileRepository(texts.map((text, i) => ({ name: `${i}.yaml`, text }))).errors.map(({ line, column, message, fix }) => `${line}:${column} ${message}; ${fix}`);

test("without events.yaml a rule has the daemon's events, and its own where it says their fields", () => {
  expect(mistakes(rule("model_call"))).toEqual([]);
  expect(mistakes(rule("purchase", "fields: {total_spend_usd: money}\n"))).toEqual([]);
  expect(mistakes(rule("purchase"))).toEqual(["3:16 nothing says which fields the event purchase carries; declare them under fields, or declare the event in events.yaml beside this file"]);
});

test("a name that is nearly one of the daemon's is a mistake, with or without fields", () => {
  expect(mistakes(rule("model_cal", "fields: {total_spend_usd: money}\n"))).toEqual(["3:16 there is no event model_cal; did you mean model_call? Else declare it in events.yaml beside this file: events: {model_cal: {fields: {...}}}"]);
});

test("with events.yaml there are its events alone", () => {
  const events = "events: {purchase: {fields: {total_spend_usd: money}}}\n";
  expect(mistakes(events, rule("purchase"))).toEqual([]);
  expect(mistakes(events, rule("model_call"))).toEqual(["3:16 there is no event model_call; declare it in events.yaml beside this file: events: {model_call: {fields: {...}}}"]);
});

test("what cannot stand somewhere is shown, with the words that can", () => {
  expect(mistakes(rule("purchase", "fields: {total_spend_usd: mony}\n"))).toEqual(['4:27 "mony" cannot stand there; write int, money, double, bool, string, duration, enum[a, b] or list<T>; or {type, tainted, about}']);
});

test("what a daemon would refuse or pass over is a mistake of a folder of one's own: an id that ships, and a rule under a name that is kept for something else", () => {
  const [cap, events] = [rule("model_call").replace("A.B", "INV.BUDGET.CAP"), "events: {purchase: {fields: {total_spend_usd: money}}}\n"];
  const said = (...files: [string, string][]) => compileOwn(files.map(([name, text]) => ({ name, text }))).errors.map(({ file, line, column, path, message }) => `${file}:${line}:${column} ${path}: ${message}`);
  expect(said(["rules/cap.yaml", cap])).toEqual(["rules/cap.yaml:1:5 id: the id INV.BUDGET.CAP is that of a rule that ships"]);
  expect(said(["cap.yaml", rule("model_call")], ["rules/targets.yaml", rule("model_call").replace("A.B", "A.C")])).toEqual(["rules/targets.yaml:1:1 : a file of this name holds targets, and a daemon passes it over"]);
  expect(said(["events.yaml", rule("model_call")])).toEqual(["events.yaml:1:1 : a file of this name holds events, and the Studio lists no rule of it"]);
  expect(said(["events.yaml", events], ["cap.yaml", rule("purchase")])).toEqual([]);
  // The folder of the rules that ship declares the daemon's events itself.
  expect(said(["events.yaml", SHIPPED_EVENTS], ["cap.yaml", cap])).toEqual([]);
});
