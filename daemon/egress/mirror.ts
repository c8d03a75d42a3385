/** The helper's own copy of the branches it was asked for, and what it hands on of them. A cache: it may be deleted at any time. */
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { EgressLimits } from "../../proto/config.ts";
import type { HistoryJob } from "../../proto/egress.ts";
import { MaestroError } from "../../proto/errors.ts";
import { packBodyHeader } from "../../proto/pack-body.ts";
import type { RemoteEntry } from "../config/operator-table.ts";
import { namesIn } from "../platform/folders.ts";
import { isOid, type Oid } from "../platform/git/object-format.ts";
import type { Repository, RepositoryStore } from "../platform/git/repository-store.ts";
import type { RemoteGit } from "./remote-git.ts";

const LINE_BYTES_MAX = 1024 * 1024;
const OID_BYTES = 66;
/** git looks through every pack for an object; above this the mirror is fetched anew as one. */
const PACKS_MAX = 64;

/** A body ready to be read, and which commits are whole in it. */
export interface Body {
  readonly path: string;
  readonly bytes: number;
  readonly tip: Oid;
  readonly tips: readonly Oid[];
}

type Wanted = Pick<HistoryJob, "ref" | "tip" | "head" | "have" | "object_format">;

export class Mirror {
  private readonly address: string;
  private readonly name: string;

  constructor(
    private readonly store: RepositoryStore,
    private readonly git: RemoteGit,
    entry: Pick<RemoteEntry, "id" | "remote">,
    private readonly limits: EgressLimits,
    private readonly commits_max: number,
  ) {
    this.address = entry.remote;
    // Another address never meets this one's objects, and another row's neither: it may have other credentials and other branches.
    this.name = JSON.stringify([entry.id, entry.remote]);
  }

  /** Brings the branch up to `tip`, or further where it has moved on, and packs what a core that has `have` needs to see the change. */
  async history(wanted: Wanted, folder: string): Promise<Body> {
    const repository = await this.opened(wanted.object_format);
    const ref = `refs/targets/${new Bun.CryptoHasher("sha256").update(wanted.ref).digest("hex")}`;
    if ((await this.commit(repository, ref)) !== wanted.tip) await this.fetch(repository, wanted.ref, ref);
    const tip = await this.commit(repository, ref);
    if (tip === null) throw new MaestroError("egress.refused", `${wanted.ref} is no commit`);
    return this.pack(repository, tip, wanted, join(folder, "body"));
  }

  private async opened(object_format: Wanted["object_format"]): Promise<Repository> {
    const place = this.store.at(this.name, object_format);
    const packs = join(place.git_dir, "objects", "pack");
    let bytes = 0;
    let count = 0;
    for (const name of await namesIn(packs)) {
      // Left half written by a helper that was killed.
      if (name.startsWith("tmp_")) await rm(join(packs, name), { force: true });
      else bytes += (await stat(join(packs, name))).size;
      if (name.endsWith(".pack")) count++;
    }
    if (bytes > this.limits.mirror_bytes_max || count > PACKS_MAX) await rm(place.git_dir, { recursive: true, force: true });
    return this.store.open(this.name, object_format);
  }

  private async fetch(repository: Repository, branch: string, ref: string): Promise<void> {
    const args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", "--no-update-shallow", "--force", "--", this.address, `${branch}:${ref}`];
    try {
      await this.git.speak(args, { stdout_bytes_max: LINE_BYTES_MAX, file_bytes_max: this.limits.fetch_bytes_max }, repository.git_dir);
      // A server may claim to be shallow or promise objects it does not send; `open` refuses a store with a `shallow` file.
      await this.store.open(this.name, repository.object_format);
      const promised = (await namesIn(join(repository.git_dir, "objects", "pack"))).some((name) => name.endsWith(".promisor"));
      if (promised) throw new MaestroError("egress.refused", "the remote promised objects instead of sending them");
    } catch (error) {
      const kept = error instanceof MaestroError && error.code !== "egress.refused" && error.code !== "store.corrupt";
      // What a remote's refused answer left behind is no base for the next one.
      if (!kept) await rm(repository.git_dir, { recursive: true, force: true });
      if (error instanceof MaestroError && error.code === "store.corrupt") throw new MaestroError("egress.refused", `the remote is shallow: ${error.detail}`, { cause: error });
      throw error;
    }
  }

  /** The tip, where it meets what the core has, and for a head that is part of the target its first parent: all whole. */
  private async pack(repository: Repository, tip: Oid, { head, have }: Wanted, path: string): Promise<Body> {
    const known = (await Promise.all([...new Set([...have, head])].map((oid) => this.commit(repository, oid)))).filter((oid) => oid !== null);
    const bases = (await Promise.all(known.map((oid) => this.line(repository, ["merge-base", tip, oid])))).filter((oid) => oid !== null);
    const parent = known.includes(head) ? await this.commit(repository, `${head}^1`) : null;
    const tips = [...new Set([tip, ...bases, ...(parent === null ? [] : [parent])])];
    const commits = await this.commits(repository, [tip, ...tips], bases);
    const history = await this.packed(repository, ["pack-objects", "--stdout", "--quiet", "--delta-base-offset"], commits.join("\n"), `${path}.history`, "w");
    const header = packBodyHeader(history);
    const file = await open(path, "wx", 0o600);
    try {
      // `writeFile` goes on where one write(2) took only a part.
      await file.writeFile(header);
      if (history > 0) for await (const chunk of Bun.file(`${path}.history`).stream()) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
    const revisions = [...tips.map((oid) => `--shallow ${oid}`), ...tips].join("\n");
    await this.packed(repository, ["pack-objects", "--revs", "--stdout", "--quiet", "--delta-base-offset", "--window=0"], revisions, path, "a");
    return { path, bytes: (await stat(path)).size, tip, tips };
  }

  /**
   * Commits from the tips down to `behind`, and the way from there to where an older side branch left, so that the core sees by itself that
   * this point is old. At most `commits_max`; what lies behind is a cut, which the core treats as unknown.
   */
  private async commits(repository: Repository, tips: readonly Oid[], behind: readonly Oid[]): Promise<Oid[]> {
    const limit = `--max-count=${this.commits_max}`;
    const listed = await this.list(repository, ["rev-list", "--boundary", limit, "--stdin"], [...tips, ...behind.map((oid) => `^${oid}`)]);
    const edge = listed.filter((line) => line.startsWith("-")).map((line) => line.slice(1));
    const older = edge.filter((oid) => !behind.includes(oid));
    const way = older.length === 0 || behind.length === 0 ? [] : await this.list(repository, ["rev-list", "--ancestry-path", limit, "--stdin"], [...behind, ...older.map((oid) => `^${oid}`)]);
    return [...new Set([...listed.filter((line) => !line.startsWith("-")), ...edge, ...behind, ...way])];
  }

  private async list(repository: Repository, args: readonly string[], lines: readonly string[]): Promise<string[]> {
    const { code, stdout, stderr } = await this.git.local(repository, args, { stdin: `${lines.join("\n")}\n`, stdout_bytes_max: 3 * this.commits_max * OID_BYTES });
    if (code !== 0) throw new MaestroError("egress.failed", `git ${args[0]}: ${stderr.slice(0, 200)}`);
    return Buffer.from(stdout).toString("latin1").split("\n").filter((line) => line !== "");
  }

  /** Appends a pack to a file; returns its bytes. */
  private async packed(repository: Repository, args: readonly string[], stdin: string, path: string, flags: "w" | "a"): Promise<number> {
    const file = await open(path, flags, 0o600);
    try {
      const { code, stderr } = await this.git.local(repository, args, { stdin: `${stdin}\n`, stdout_bytes_max: 0, stdout_fd: file.fd });
      if (code !== 0) throw new MaestroError("egress.failed", `git pack-objects: ${stderr.slice(0, 200)}`);
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  }

  /** The commit a name of ours stands for, or null. */
  private commit(repository: Repository, name: string): Promise<Oid | null> {
    return this.line(repository, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]);
  }

  private async line(repository: Repository, args: readonly string[]): Promise<Oid | null> {
    const { code, stdout } = await this.git.local(repository, args, { stdout_bytes_max: LINE_BYTES_MAX });
    const [oid = ""] = Buffer.from(stdout).toString("latin1").trim().split("\n");
    return code === 0 && isOid(oid, repository.object_format) ? oid : null;
  }
}
