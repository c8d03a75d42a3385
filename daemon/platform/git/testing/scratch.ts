import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { concatBytes, utf8 } from "../../../../proto/encoding.ts";
import { packBodyHeader } from "../../../../proto/pack-body.ts";
import type { ObjectFormat } from "../../../../proto/scalar.ts";
import { receivePack, type IntakeClaim, type IntakeResult, type PackLimits } from "../intake.ts";
import type { ObjectType } from "../object-format.ts";
import { GitReader } from "../reader.ts";
import { RepositoryStore, type Repository } from "../repository-store.ts";
import { findGit, Git, type GitTools } from "../runner.ts";

export const LIMITS: PackLimits = { pack_bytes_max: 64 * 1024 * 1024, objects_max: 200_000, object_bytes_max: 8 * 1024 * 1024, commits_max: 5_000, intake_deadline_ms: 30_000 };
export const DIFF_LIMITS = { files_max: 100_000, diff_bytes_max: 64 * 1024 * 1024, file_diff_bytes_max: 8 * 1024 * 1024, line_bytes_max: 64 * 1024 };

const ENV = {
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: "/nonexistent",
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "A",
  GIT_AUTHOR_EMAIL: "a@example.org",
  GIT_COMMITTER_NAME: "C",
  GIT_COMMITTER_EMAIL: "c@example.org",
  // Each commit would start two more processes, to find that there is nothing to tidy up.
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "maintenance.auto",
  GIT_CONFIG_VALUE_0: "false",
};

/** A repository as a user has it: with a work tree and ordinary git. */
export class Source {
  /** Each commit is one second younger than the one before. */
  #clock = 1_700_000_000;

  constructor(
    readonly path: string,
    readonly object_format: ObjectFormat = "sha1",
  ) {}

  bytes(args: readonly string[], stdin: Uint8Array | string = "", env: Record<string, string> = {}): Uint8Array {
    const date = `${this.#clock++} +0000`;
    const result = Bun.spawnSync({ cmd: ["git", ...args], cwd: this.path, env: { ...ENV, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date, ...env }, stdin: Buffer.from(stdin), stdout: "pipe", stderr: "pipe" });
    if (result.exitCode !== 0) throw new Error(`git ${args.join(" ")}: ${result.stderr.toString()}`);
    return result.stdout;
  }

  git(...args: string[]): string {
    return Buffer.from(this.bytes(args)).toString().trim();
  }

  /** Writes files (null deletes), commits all of them, returns the commit. */
  async commit(files: Record<string, string | Uint8Array | null>, message = "change"): Promise<string> {
    for (const [name, content] of Object.entries(files)) {
      if (content === null) rmSync(join(this.path, name));
      else await Bun.write(join(this.path, name), content);
    }
    this.git("add", "-A");
    this.git("commit", "-q", "--allow-empty", "-m", message);
    return this.git("rev-parse", "HEAD");
  }

  /** Any object, however broken: git writes it without looking. */
  object(type: ObjectType, content: Uint8Array | string): string {
    return Buffer.from(this.bytes(["hash-object", "--literally", "-w", "-t", type, "--stdin"], content)).toString().trim();
  }

  /** A raw tree: entries are written as given, unsorted and unchecked. */
  tree(...entries: readonly (readonly [mode: string, name: string | Uint8Array, oid: string])[]): string {
    return this.object("tree", concatBytes(...entries.flatMap(([mode, name, oid]) => [utf8(`${mode} `), typeof name === "string" ? utf8(name) : name, new Uint8Array(1), Uint8Array.fromHex(oid)])));
  }

  commitTree(tree: string, parents: readonly string[] = [], message = "raw"): string {
    return this.git("commit-tree", tree, ...parents.flatMap((parent) => ["-p", parent]), "-m", message);
  }

  treeOf(commit: string): string {
    return this.git("rev-parse", `${commit}^{tree}`);
  }

  /** The tips with their whole trees, and nothing behind them. */
  pack(tips: readonly string[]): Uint8Array {
    const lines = [...tips.map((oid) => `--shallow ${oid}`), ...tips].map((line) => `${line}\n`).join("");
    return this.bytes(["pack-objects", "--revs", "--stdout", "-q"], lines);
  }

  /** These objects and no others. */
  packOf(oids: readonly string[]): Uint8Array {
    return this.bytes(["pack-objects", "--stdout", "-q"], oids.map((oid) => `${oid}\n`).join(""));
  }

  /** A whole body: bare commits, then trees. */
  body(commits: readonly string[], tips: readonly string[]): Uint8Array {
    const history = commits.length === 0 ? new Uint8Array(0) : this.packOf(commits);
    return concatBytes(packBodyHeader(history.length), history, this.pack(tips));
  }
}

/** A folder of its own with a daemon-side store and any number of source repositories. */
export class Scratch {
  readonly store: RepositoryStore;
  readonly git: Git;

  private constructor(
    readonly root: string,
    readonly tools: GitTools,
  ) {
    this.git = new Git(tools);
    this.store = new RepositoryStore(join(root, "store"), this.git);
  }

  static async create(): Promise<Scratch> {
    return new Scratch(mkdtempSync(join(tmpdir(), "maestro-git-")), await findGit());
  }

  source(name = "source", object_format: ObjectFormat = "sha1"): Source {
    Bun.spawnSync({ cmd: ["git", "init", "-q", "--template=", "-b", "main", `--object-format=${object_format}`, join(this.root, name)], env: ENV });
    return new Source(join(this.root, name), object_format);
  }

  receive(repository: Repository, claim: Partial<IntakeClaim>, body: Uint8Array | ReadableStream<Uint8Array>, limits: Partial<PackLimits> = {}): Promise<IntakeResult> {
    const stream = body instanceof Uint8Array ? streamOf(body) : body;
    return receivePack(this.git, repository, { cuts: [], tips: [], ...claim }, stream, { limits: { ...LIMITS, ...limits } });
  }

  /** A repository that holds these commits with their trees, and every commit they can reach without. */
  async stored(source: Source, tips: readonly string[], repo_id = "local:0:test"): Promise<Repository> {
    const repository = await this.store.open(repo_id, source.object_format);
    await this.receive(repository, { tips }, source.body(source.git("rev-list", ...tips).split("\n"), tips));
    return repository;
  }

  reader(repository: Repository): GitReader {
    return new GitReader(this.tools, { git_dir: repository.git_dir, object_format: repository.object_format }, { deadline_ms: 30_000, commits_max: 5_000 });
  }

  /** Every file below a repository's folder: what "nothing landed" is compared by. */
  files(repository: Repository): string[] {
    return readdirSync(repository.folder, { recursive: true }).map(String).sort();
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

const PACK_TYPE = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;

/** A pack written by hand (gitformat-pack), for objects that pack-objects itself would not touch or that are too large to be made one by one. */
export function handmadePack(objects: readonly (readonly [ObjectType, Uint8Array])[]): Uint8Array {
  const header = new Uint8Array(12);
  header.set(utf8("PACK"));
  new DataView(header.buffer).setUint32(4, 2);
  new DataView(header.buffer).setUint32(8, objects.length);
  const body = concatBytes(header, ...objects.flatMap(([type, content]) => [entryHeader(PACK_TYPE[type], content.length), new Uint8Array(deflateSync(content))]));
  return concatBytes(body, new Uint8Array(new Bun.CryptoHasher("sha1").update(body).digest()));
}

/** Four bits of the size beside the type, then seven a byte. */
function entryHeader(type: number, size: number): Uint8Array {
  const bytes = [(type << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(rest & 127);
  }
  return Uint8Array.from(bytes);
}

/** In small chunks, so that no reader may rely on getting a header in one piece. */
export function streamOf(bytes: Uint8Array, chunk_bytes = 1021): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + chunk_bytes));
      at += chunk_bytes;
    },
  });
}
