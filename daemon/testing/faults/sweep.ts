/** Faults at many places of the evidence writer, each followed by an audit of what it left. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Acknowledged } from "./evidence-writer.ts";
import { inject, nameOf, sitesOf, type Fault, type Site } from "./injection.ts";
import { record, recordingFolder } from "./record.ts";
import { auditState } from "./state-audit.ts";
import { parseStrace } from "./strace-lines.ts";

const WRITER = join(import.meta.dir, "evidence-writer.ts");

export interface Scenario extends Disposable {
  readonly name: string;
  readonly argv: (root: string) => readonly string[];
  /** State that the run starts from. */
  readonly origin?: string;
  readonly sites: readonly Site[];
  /** What is wrong with the folder that a run left; `stdout` is what it promised. */
  readonly audit: (root: string, stdout: string) => Promise<string[]>;
}

const writer = (count: number) => (root: string): string[] => [process.execPath, WRITER, root, String(count)];

/** A first start and some verdicts; or a further start on what the first left. */
export async function scenario(name: "fresh" | "again", count: number): Promise<Scenario> {
  const argv = writer(count);
  using recording = recordingFolder();
  const origin = name === "again" ? mkdtempSync(join(tmpdir(), "maestro-origin-")) : undefined;
  if (origin !== undefined) {
    await record(argv(recording.root), recording.trace);
    cpSync(recording.root, origin, { recursive: true });
  }
  await record(argv(recording.root), recording.trace);
  const sites = sitesOf(parseStrace(readFileSync(recording.trace, "latin1")), recording.root);
  const audit = (root: string, stdout: string): Promise<string[]> => auditState(root, { acknowledged: acknowledgedIn(stdout), next: true, verified: new Set() });
  return { name, argv, sites, audit, ...(origin === undefined ? {} : { origin }), [Symbol.dispose]: () => (origin === undefined ? undefined : rmSync(origin, { recursive: true, force: true })) };
}

export interface Swept {
  /** Sites that were hit, by name. */
  readonly hit: ReadonlySet<string>;
  readonly runs: number;
  readonly problems: readonly string[];
}

function acknowledgedIn(stdout: string): Acknowledged[] {
  const lines = stdout.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Acknowledged);
}

/** Which thread makes which call is chance, so a place that one round missed may be hit by the next. */
const ROUNDS_MAX = 3;

/**
 * One fault at each of these sites. strace counts by thread, so a site on a path that several threads share is tried at each count up
 * to its own, and again.
 */
export async function sweep(subject: Scenario, sites: readonly Site[], fault: Fault, lanes: number): Promise<Swept> {
  const hit = new Set<string>();
  const problems: string[] = [];
  const waiting = [...sites];
  let runs = 0;
  const lane = async (): Promise<void> => {
    for (let site = waiting.shift(); site !== undefined; site = waiting.shift()) {
      for (let tried = 0; tried < site.occurrence * ROUNDS_MAX && !hit.has(nameOf(site)); tried++) {
        runs++;
        problems.push(...(await once(subject, site, site.occurrence - (tried % site.occurrence), fault, hit)));
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { hit, runs, problems };
}

async function once(subject: Scenario, site: Site, nth: number, fault: Fault, hit: Set<string>): Promise<string[]> {
  return inject(site, nth, fault, subject, async (root, { hits, stdout, hung }) => {
    for (const where of hits) hit.add(nameOf(where));
    const said = await subject.audit(root, stdout);
    return [...(hung ? ["the process hung"] : []), ...said].map((problem) => `${subject.name}, ${fault} at ${nameOf(hits[0] ?? site)}: ${problem}`);
  });
}
