/** Faults at many places of a program, each followed by an audit of what it left. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Acknowledged } from "./evidence-writer.ts";
import { inject, sitesOf, type Subject } from "./injection.ts";
import { nameOf, type Fault, type Site } from "./site.ts";
import { auditState } from "./state-audit.ts";

const WRITER = join(import.meta.dir, "evidence-writer.ts");

export interface Scenario extends Subject, Disposable {
  readonly name: string;
  readonly sites: readonly Site[];
  /** What is wrong with the folder that a run left; `stdout` is what it promised. */
  readonly audit: (root: string, stdout: string) => Promise<string[]>;
}

/** What a program promised, one line of JSON each. */
export const acknowledgedIn = (stdout: string): Acknowledged[] => stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line) as Acknowledged);

/** A copy of what `run` leaves, as the state that another run starts from; `promised` hears what it said. */
export async function originOf(run: Subject, promised: (stdout: string) => void = () => undefined): Promise<string> {
  const origin = mkdtempSync(join(tmpdir(), "maestro-origin-"));
  await inject(run, null, async (root, { exit, stdout }) => {
    if (exit !== 0) throw new Error(`what should have made an origin ended with ${exit}`);
    promised(stdout);
    cpSync(root, origin, { recursive: true });
  });
  return origin;
}

/** A first start and some verdicts; or a further start on what the first left. */
export async function scenario(name: "fresh" | "again", count: number): Promise<Scenario> {
  const argv = (root: string): string[] => [process.execPath, WRITER, root, String(count)];
  const origin = name === "again" ? await originOf({ argv }) : undefined;
  const run: Subject = { argv, ...(origin === undefined ? {} : { origin }) };
  const audit = (root: string, stdout: string): Promise<string[]> => auditState(root, { acknowledged: acknowledgedIn(stdout), next: true, verified: new Set() });
  return { ...run, name, sites: await sitesOf(run), audit, [Symbol.dispose]: () => (origin === undefined ? undefined : rmSync(origin, { recursive: true, force: true })) };
}

export interface Swept {
  /** Sites that were hit, by name. */
  readonly hit: ReadonlySet<string>;
  readonly runs: number;
  readonly problems: readonly string[];
}

/** How often a site is tried: a run may need one write less than the one that was counted, as two commits may become one. */
const TRIES_MAX = 4;

/** One fault at each of these sites; `say` hears of a problem at once, because a whole night may lie before the end. */
export async function sweep(subject: Scenario, sites: readonly Site[], fault: Fault, lanes: number, say: (problem: string) => void = () => undefined): Promise<Swept> {
  const hit = new Set<string>();
  const problems: string[] = [];
  const waiting = [...sites];
  let runs = 0;
  const lane = async (): Promise<void> => {
    for (let site = waiting.shift(); site !== undefined; site = waiting.shift()) {
      for (let tries = 0; tries < TRIES_MAX && !hit.has(nameOf(site)); tries++) {
        runs++;
        const once = await injure(subject, site, fault);
        if (once.hit) hit.add(nameOf(site));
        problems.push(...once.problems);
        once.problems.forEach(say);
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { hit, runs, problems };
}

async function injure(subject: Scenario, site: Site, fault: Fault): Promise<{ hit: boolean; problems: string[] }> {
  return inject(subject, { site, fault }, async (root, { hit, stdout, hung }) => {
    const said = await subject.audit(root, stdout);
    return { hit, problems: [...(hung ? ["the process hung"] : []), ...said].map((problem) => `${subject.name}, ${fault} at ${nameOf(site)}: ${problem}`) };
  });
}
