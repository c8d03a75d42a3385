/**
 * Runs of changes through the gate: each key of `SingleFlight` is a change of its own, but for the releases on record, which are its first
 * part; what is on record of a change outlives its process.
 */
import type { Action } from "./lines.ts";
import { reader, type TraceModel, type TraceRow, unread } from "./model.ts";
import { tla, TlaSet } from "./tla.ts";

/** What a key of `GateKeeper` says: a mark of the releases on record, then everything else, of which three say what a release is of. */
interface Key {
  readonly mark: string;
  readonly change: string;
  readonly place: string;
}

const placeOf = (repo_id: unknown, target_ref: unknown, head: unknown): string => JSON.stringify([repo_id, target_ref, head]);

function listOf(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [];
  }
}

function keyOf(text: string): Key {
  const [mark, ...rest] = listOf(text);
  if (typeof mark !== "string") return { mark: "", change: text, place: "" };
  return { mark, change: JSON.stringify(rest), place: placeOf(rest[0], rest[3], rest[5]) };
}

class Change {
  readonly rows: TraceRow[] = [];
  readonly clients = new Map<string, number>();
  /** Who waits, under which mark. */
  private readonly waiting = new Map<number, boolean>();
  private mark: string | null = null;
  private released = false;
  private process: number | null = null;
  /** The attempt that is the model's first. */
  private before: number | null = null;

  private put({ line }: Action, row: TraceRow["row"]): void {
    this.rows.push({ line, row });
  }

  /** Whoever asked a daemon that died hears that and asks anew, as somebody else. */
  private began(action: Action): void {
    if (this.process !== null && this.process !== action.process) {
      for (const client of this.waiting.keys()) this.put(action, { action: "Leave", client });
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

  /** The model knows of one release in a run, and of who asks before it and after it. */
  release(action: Action): void {
    if (!this.rows.some(({ row }) => row.action === "Record")) {
      if (this.rows.length > 0) throw unread(action, "a release of an attempt from before this run");
      return;
    }
    if (this.released) throw unread(action, "a second release of one change");
    this.began(action);
    this.released = true;
    this.put(action, { action: "Release" });
  }

  private marked(action: Action): boolean {
    const { mark } = keyOf(reader(action).text("key"));
    this.mark ??= mark;
    if (mark !== this.mark && !this.released) throw unread(action, "a release that nobody recorded");
    return mark !== this.mark;
  }

  add(action: Action): void {
    this.began(action);
    const what = action.action;
    const mark = this.marked(action);
    if (what === "Ask" || what === "Leave" || what === "Join") {
      const client = this.client(action);
      if (what === "Ask") this.waiting.set(client, mark);
      if (what === "Leave") this.waiting.delete(client);
      return this.put(action, what === "Join" ? { action: what, client, mark, clients: reader(action).number("clients") } : { action: what, client, mark });
    }
    // Whoever waited has been told by now.
    if (what === "Record" || what === "Failed") for (const [client, of] of this.waiting) if (of === mark) this.waiting.delete(client);
    if (what !== "Record") return this.put(action, { action: what, mark });
    const read = reader(action);
    const known = read.flag("recorded");
    this.before ??= read.number("attempt") - 1;
    if (known && this.before === read.number("attempt") - 1 && !this.rows.some(({ row }) => row.action === "Record")) throw unread(action, "the answer is an attempt from before this run");
    this.put(action, { action: known ? "Known" : "Record", mark, attempt: read.number("attempt") - this.before });
  }
}

export function pipelineModels(actions: readonly Action[]): TraceModel[] {
  const releases = actions.filter(({ action }) => action === "Release");
  const changes = Map.groupBy(actions.filter(({ action }) => action !== "Release"), (action) => keyOf(reader(action).text("key")).change);
  return [...changes.values()].map((seen, place) => {
    const change = new Change();
    const of = keyOf(reader(seen[0]!).text("key")).place;
    const own = [...seen, ...releases.filter((action) => of === placeOf(action.seen["repo_id"], action.seen["target_ref"], action.seen["head"]))].sort((a, b) => a.line - b.line);
    for (const action of own) {
      if (action.action === "Release") change.release(action);
      else change.add(action);
    }
    const { rows, clients } = change;
    return { machine: "Pipeline", name: `Pipeline ${place}`, constants: { Clients: tla(new TlaSet([...clients.values()])), AttemptsMax: String(own.length + 1), Deaths: String(own.length + 1) }, rows, silent: true };
  });
}
