/** The run of a node's log and of its one witness. An entry is called by the place it was put in. */
import type { Action } from "./lines.ts";
import { reader, type TraceModel, type TraceRow, unread } from "./model.ts";

const upTo = (entries: number, size: number): number[] => Array.from({ length: entries }, (_, i) => size - entries + i + 1);

function rowsOf(action: Action, first: boolean): TraceRow["row"][] {
  const read = reader(action);
  const size = read.number("size");
  switch (action.action) {
    case "Open":
      // What was there before has been told to whoever asked.
      return first ? upTo(size, size).flatMap((entry) => [{ action: "Add", entry, size: entry }, { action: "Tell", entry }]) : [{ action: "Lose", size }];
    case "Add":
      return upTo(read.number("entries"), size).map((entry) => ({ action: "Add", entry, size: entry }));
    case "Tell":
      return upTo(read.number("entries"), size).map((entry) => ({ action: "Tell", entry }));
    case "Show":
    case "Cosign":
      return [{ action: action.action, size }];
    default:
      throw unread(action, `the log has no action ${action.action}`);
  }
}

export function witnessedLogModels(actions: readonly Action[]): TraceModel[] {
  if (actions.length === 0) return [];
  const rows = actions.flatMap((action, index) => rowsOf(action, index === 0).map((row) => ({ line: action.line, row })));
  const witnesses = new Set(actions.filter(({ action }) => action === "Show").map((action) => reader(action).text("witness")));
  if (witnesses.size > 1) throw unread(actions[0]!, "the model has one witness");
  const entries = rows.filter(({ row }) => row.action === "Add").length;
  return [{ machine: "WitnessedLog", name: "WitnessedLog", constants: { Entries: `1..${entries}`, Losses: String(actions.length) }, rows }];
}
