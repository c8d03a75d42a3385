/** Children that read a database which may kill whoever reads it: this program again, under other words. Each prints one JSON line per event. */
import { ERROR_CODES, MaestroError } from "../../proto/errors.ts";
import type { SalvagedTable } from "../store/salvage.ts";
import type { Step } from "./step.ts";

export interface Ended {
  /** The signal that killed it; `null` where it ended by itself. */
  readonly killed: string | null;
  /** What it says went wrong, which is none of its lines. */
  readonly failure: MaestroError | null;
}

const EVERY_TABLE = { table: "every table", kept: 0, refused: 0 } as const;

export const deadly = (of: string): Step => ({ area: "database", name: "data.mdb", bytes: 0, problem: `reading it killed the reader (${of})` });

function failureIn(row: unknown): MaestroError | null {
  const { event, code, detail } = row as { event?: unknown; code?: unknown; detail?: unknown };
  if (event !== "failure") return null;
  return new MaestroError(ERROR_CODES.find((known) => known === code) ?? "internal.bug", String(detail));
}

export class Readers {
  /** The program that is run, with its interpreter. */
  constructor(private readonly argv: readonly string[]) {}

  /** Runs it and gives its lines. */
  async run(args: readonly string[], line: (value: unknown) => void): Promise<Ended> {
    const process_ = Bun.spawn([...this.argv, ...args], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
    const all = await new Response(process_.stdout).text();
    await process_.exited;
    const rows = all.split("\n").filter((row) => row.endsWith("}")).map((row): unknown => JSON.parse(row));
    const failure = rows.map(failureIn).find((found) => found !== null) ?? null;
    for (const row of rows) if (failureIn(row) === null) line(row);
    const silent = process_.signalCode === null && process_.exitCode !== 0 && failure === null;
    return { killed: process_.signalCode === null ? null : String(process_.signalCode), failure: silent ? new MaestroError("internal.bug", `${args[0]} ended with exit code ${process_.exitCode}`) : failure };
  }

  /** Every step that found something. A reader that dies has found the database damaged. */
  async examine(state_dir: string): Promise<Step[]> {
    const steps: Step[] = [];
    const { killed, failure } = await this.run(["steps", "--state", state_dir], (step) => void steps.push(step as Step));
    // A reader that stumbles where none should is taken for damage: nothing is deleted by that.
    if (failure?.code === "internal.bug") steps.push(deadly(failure.detail));
    else if (failure !== null) throw failure;
    if (killed !== null) steps.push(deadly(killed));
    return steps;
  }

  /** Table by table in children, each leaving out those that killed the ones before. */
  async salvage(from: string, to: string): Promise<SalvagedTable[]> {
    const told: SalvagedTable[] = [];
    const skip: string[] = [];
    for (;;) {
      let started: string | null = null;
      const { killed, failure } = await this.run(["salvage", "--from", from, "--to", to, "--skip", skip.join(",")], (line) => {
        const said = line as { start?: string } & SalvagedTable;
        if (said.start !== undefined) started = said.start;
        else {
          told.push(said);
          skip.push(said.table);
          started = null;
        }
      });
      if (failure?.code === "store.no_space" || failure?.code === "store.read_only") throw failure;
      // Nothing of it can be opened: what there is comes from the blobs, and the report says so.
      if (failure !== null) return [...told, { ...EVERY_TABLE, stopped: failure.detail }];
      if (killed === null) return told;
      // It was not at any table, so it died over which tables there are, and what it did not come to has no name.
      if (started === null) return [...told, { ...EVERY_TABLE, table: told.length === 0 ? "every table" : "every further table", stopped: `reading which there are killed the reader (${killed}); the newest transactions may be missing` }];
      told.push({ table: started, kept: 0, refused: 0, stopped: `reading it killed the reader (${killed})` });
      skip.push(started);
    }
  }
}
