/** The run of a reporter; its cursor outlives its process. */
import type { Action } from "./lines.ts";
import { reader, type TraceModel, type TraceRow, unread } from "./model.ts";

export function reporterModels(actions: readonly Action[]): TraceModel[] {
  const [begun] = actions;
  if (begun === undefined) return [];
  if (begun.action !== "Open" || reader(begun).number("next") !== 0) throw unread(begun, "a run of the reporter begins with its first verdict");
  const rows = actions.slice(1).map((action): TraceRow => {
    const read = reader(action);
    const known = action.action === "Open" ? "Crash" : action.action;
    if (!["Crash", "Publish", "Save", "Fail", "GiveUp"].includes(known)) throw unread(action, `${known}: the model has no verdict that is passed over`);
    // Saved and given up are said once the cursor has moved.
    return { line: action.line, row: { action: known, place: read.number("place"), next: read.number("next"), tries: read.number("tries"), dead: read.number("dead") } };
  });
  const entries = Math.max(0, ...actions.map((action) => reader(action).number("next"))) + 1;
  return [{ machine: "Reporter", name: "Reporter", constants: { Entries: String(entries), TriesMax: String(reader(begun).number("tries_max")), Crashes: String(actions.length) }, rows }];
}
