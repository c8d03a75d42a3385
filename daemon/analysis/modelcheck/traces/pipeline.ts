/** Runs of changes through the gate: each key of `SingleFlight` is a change of its own, and what is on record of it outlives its process. */
import type { Action } from "./lines.ts";
import { reader, type TraceModel, type TraceRow, unread } from "./model.ts";
import { tla, TlaSet } from "./tla.ts";

class Change {
  readonly rows: TraceRow[] = [];
  readonly clients = new Map<string, number>();
  private readonly waiting = new Set<number>();
  private process: number | null = null;
  /** The attempt that is the model's first. */
  private before: number | null = null;

  private put({ line }: Action, row: TraceRow["row"]): void {
    this.rows.push({ line, row });
  }

  /** Whoever asked a daemon that died hears that and asks anew, as somebody else. */
  private began(action: Action): void {
    if (this.process !== null && this.process !== action.process) {
      for (const client of this.waiting) this.put(action, { action: "Leave", client });
      this.waiting.clear();
      this.put(action, { action: "Die" });
    }
    this.process = action.process;
  }

  private client(action: Action): number {
    const name = `${action.process}.${action.of}.${reader(action).number("client")}`;
    const known = this.clients.get(name) ?? this.clients.size + 1;
    this.clients.set(name, known);
    return known;
  }

  add(action: Action): void {
    this.began(action);
    const what = action.action;
    if (what === "Ask" || what === "Leave" || what === "Join") {
      const client = this.client(action);
      if (what === "Ask") this.waiting.add(client);
      if (what === "Leave") this.waiting.delete(client);
      return this.put(action, what === "Join" ? { action: what, client, clients: reader(action).number("clients") } : { action: what, client });
    }
    // Whoever waited has been told by now.
    if (what === "Record" || what === "Failed") this.waiting.clear();
    if (what !== "Record") return this.put(action, { action: what });
    const read = reader(action);
    const known = read.flag("recorded");
    this.before ??= read.number("attempt") - 1;
    if (known && this.before === read.number("attempt") - 1 && !this.rows.some(({ row }) => row.action === "Record")) throw unread(action, "the answer is an attempt from before this run");
    this.put(action, { action: known ? "Known" : "Record", attempt: read.number("attempt") - this.before });
  }
}

export function pipelineModels(actions: readonly Action[]): TraceModel[] {
  const changes = Map.groupBy(actions, (action) => reader(action).text("key"));
  return [...changes.values()].map((own, place) => {
    const change = new Change();
    for (const action of own) change.add(action);
    const { rows, clients } = change;
    return { machine: "Pipeline", name: `Pipeline ${place}`, constants: { Clients: tla(new TlaSet([...clients.values()])), AttemptsMax: String(own.length + 1), Deaths: String(own.length + 1) }, rows, silent: true };
  });
}
