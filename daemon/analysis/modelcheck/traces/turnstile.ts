/** Runs of turnstiles. A request is a tenant and a number of its own, which is free again once the request is gone. */
import type { Action } from "./lines.ts";
import { freeNumber, reader, type TraceModel, type TraceRow, unread } from "./model.ts";
import { tla, TlaSet } from "./tla.ts";

interface Job {
  readonly tenant: string;
  readonly number: number;
}

/** Turnstile counts requests of all tenants together. */
class Jobs {
  readonly each = new Map<string, number>();
  private readonly known = new Map<number, Job>();

  take(id: number, tenant: string): Job {
    const taken = new Set([...this.known.values()].filter((job) => job.tenant === tenant).map(({ number }) => number));
    const job = { tenant, number: freeNumber(taken) };
    this.each.set(tenant, Math.max(this.each.get(tenant) ?? 0, job.number));
    this.known.set(id, job);
    return job;
  }

  of(action: Action, id: number): Job {
    const job = this.known.get(id);
    if (job === undefined) throw unread(action, `request ${id} never came`);
    return job;
  }

  free(id: number): void {
    this.known.delete(id);
  }
}

const named = ({ tenant, number }: Job) => [tenant, number] as const;

function rowOf(jobs: Jobs, action: Action): TraceRow {
  const { line, action: what } = action;
  const read = reader(action);
  const id = read.number("job");
  const after = { inside: read.number("inside"), waiting: read.number("waiting"), turns: read.list("turns").map(String) };
  const displaced = typeof action.seen["displaced"] === "number" ? [action.seen["displaced"]] : [];
  const gone = displaced.map((other) => named(jobs.of(action, other)));
  const job = what === "Come" || what === "Refuse" ? jobs.take(id, read.text("tenant")) : jobs.of(action, id);
  for (const over of what === "Come" ? displaced : [id]) jobs.free(over);
  return { line, row: { action: what, job: named(job), ...after, displaced: new TlaSet(gone) } };
}

export function turnstileModels(actions: readonly Action[]): TraceModel[] {
  const machines = Map.groupBy(actions, ({ process, of }) => `${process}.${of}`);
  return [...machines].map(([name, own]) => {
    const jobs = new Jobs();
    const rows = own.map((action) => rowOf(jobs, action));
    const first = reader(own[0]!);
    return {
      machine: "Turnstile",
      name: `Turnstile ${name}`,
      constants: { Tenants: tla(new TlaSet([...jobs.each.keys()])), Each: String(Math.max(...jobs.each.values())), Places: String(first.number("places")), WaitingMax: String(first.number("waiting_max")) },
      rows,
    };
  });
}
