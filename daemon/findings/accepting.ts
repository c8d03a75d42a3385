/** The waiver that speaks of one finding: a comment beside its line, or an entry of `maestro.yaml`. */
import type { Finding } from "../../proto/outcome.ts";
import { pathText } from "../../proto/scalar.ts";
import type { Waiver } from "../../proto/waiver.ts";
import type { SettleJob } from "../../proto/worker.ts";
import { speaksOf } from "../checking/border.ts";
import { matchesPath } from "../checking/globs.ts";
import { cutText, published } from "../checking/redact.ts";
import type { ParsedCommit } from "../platform/git/commit.ts";
import type { Oid } from "../platform/git/object-format.ts";
import { denied } from "./baseline-file.ts";
import { bringer } from "./bringer.ts";
import { inlineWaivers, type InlineWaiver } from "./comment.ts";
import { expiredBecause } from "./expiry.ts";
import type { Sources } from "./sources.ts";

const TEXT_MAX = 500;
/** Lines whose history is looked through; who wrote the others is unknown. */
const OWNERS_MAX = 32;

const shownText = (text: string): string => cutText(published(text), TEXT_MAX);

export interface Trusted {
  readonly commit: Oid;
  readonly tree: Oid;
}

interface Beside {
  readonly waiver: InlineWaiver;
  readonly line: number;
  readonly text: string;
}

export class Waivers {
  private owners = 0;

  constructor(
    private readonly job: Pick<SettleJob, "waivers" | "inline_denied" | "now_ms">,
    private readonly sources: Sources,
    /** The trusted base; null where there is none, and then nothing accepts anything. */
    private readonly trusted: Trusted | null,
    private readonly commitOf: (oid: Oid) => Promise<ParsedCommit | null>,
  ) {}

  /** The one that counts, else the first that would; null where none speaks of it. */
  async of(finding: Finding): Promise<Waiver | null> {
    if (finding.range === null || denied(finding.rule, [])) return null;
    const path = pathText(finding.range.path);
    const entries = this.entries(finding.rule, path);
    const config = entries.find(({ state }) => state === "accepted");
    if (config !== undefined) return config;
    const inline = await this.beside(finding.rule, path, finding.range.start_line);
    return inline?.state === "accepted" ? inline : (inline ?? entries[0] ?? null);
  }

  private entries(rule: string, path: string): Waiver[] {
    return this.job.waivers.flatMap((entry): Waiver[] => {
      const { folder } = entry;
      if (!speaksOf(entry.rule, rule) || (folder !== "" && !path.startsWith(`${folder}/`))) return [];
      if (!matchesPath(entry.paths, folder === "" ? path : path.slice(folder.length + 1))) return [];
      const because = expiredBecause(entry.until ?? null, this.job.now_ms);
      const file = folder === "" ? "maestro.yaml" : `${folder}/maestro.yaml`;
      return [{ kind: "config", state: because === null ? "accepted" : "expired", rule: entry.rule, reason: shownText(entry.reason), owner: shownText(entry.owner), until: entry.until ?? null, path: { u: file }, line: null, because }];
    });
  }

  private async beside(rule: string, path: string, number: number): Promise<Waiver | null> {
    const own = await this.found(rule, path, number, false);
    const found = own ?? (await this.found(rule, path, number - 1, true));
    if (found === null) return null;
    const { waiver, line } = found;
    const refused = (await this.refusedBecause(rule, path, found)) ?? (own === null && this.sources.inserted(path, number) ? "the change puts another line beneath it than the one it spoke of" : null);
    const because = refused ?? expiredBecause(waiver.until, this.job.now_ms);
    const owner = refused === null && this.trusted !== null && this.owners++ < OWNERS_MAX ? await bringer(this.trusted.commit, this.sources.basePath(path), found.text, this.commitOf, this.sources) : null;
    return {
      kind: "inline",
      state: refused !== null ? "refused" : because !== null ? "expired" : "accepted",
      rule: waiver.rule,
      reason: shownText(waiver.reason),
      owner: owner === null ? null : shownText(owner),
      until: waiver.until === null ? null : shownText(waiver.until),
      path: { u: path },
      line,
      because,
    };
  }

  /** `above`: only a comment that stands alone speaks of the line below it. */
  private async found(rule: string, path: string, line: number, above: boolean): Promise<Beside | null> {
    const text = await this.sources.line(path, line);
    const waiver = text === null ? undefined : inlineWaivers(text, path).find((one) => speaksOf(one.rule, rule) && (!above || one.alone));
    return text === null || waiver === undefined ? null : { waiver, line, text };
  }

  private async refusedBecause(rule: string, path: string, { waiver, line, text }: Beside): Promise<string | null> {
    if (denied(rule, this.job.inline_denied)) return "this host takes no comment for rules of this kind; a person may accept it in maestro.yaml";
    if (waiver.reason === "") return "it gives no reason; write ` -- ` and why";
    if (this.sources.added(path, line)) return "the change itself brings it";
    const base = this.trusted === null ? null : await this.sources.linesAt(this.trusted.tree, this.sources.basePath(path));
    return base?.includes(text) === true ? null : "the trusted base does not have that line";
  }
}
