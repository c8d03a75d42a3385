/**
 * The folder of invariants as pages read and write it. The working tree may be of a stranger's commit, and a link in it leads wherever the
 * stranger wants: the folder is opened once and files are reached from there by their bare names, never through a link.
 */
import { createHash, randomBytes } from "node:crypto";
import { closeSync, constants, existsSync, fchmodSync, fstatSync, fsyncSync, linkSync, mkdirSync, openSync, readdirSync, readSync, realpathSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fromUtf8, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { INVARIANT_BYTES_MAX, INVARIANT_FILES_MAX } from "../../../proto/invariant.ts";
import { INVARIANT_NAME, type InvariantsList, type InvariantText, type InvariantWrite, type InvariantWritten, type WriteProblem } from "../../../proto/ui.ts";
import type { InvariantFile } from "../../invariants/index.ts";
import { compileOwn } from "../../invariants/repository.ts";
import { rootOf } from "../hooks/guard/paths.ts";
import { fileFailure } from "../write-file.ts";

const MODE = 0o644;
const PERMISSIONS = 0o777;
const refused = (detail: string, cause?: unknown): MaestroError => new MaestroError("ui.folder", detail, { cause });
const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

interface Lying extends InvariantText {
  readonly bytes: number;
  readonly mode: number;
}

export class InvariantsFolder {
  /** Links above the folder are the user's own way there; the folder itself may be none. */
  readonly path: string;
  /** It may be the work tree of a repository, or lie in one, and then the files here change with the branch. */
  readonly work_tree: string | null;

  /** Throws `cli.usage` where not even the folder above is there. */
  constructor(named: string) {
    const path = resolve(named);
    try {
      this.path = join(realpathSync(dirname(path)), basename(path));
    } catch (error) {
      throw fileFailure(error);
    }
    this.work_tree = rootOf(this.path);
  }

  get there(): boolean {
    return existsSync(this.path);
  }

  /** Names below are looked up from the open folder: whoever swaps the folder for a link in between moves nothing. */
  private within<T>(work: (at: (name: string) => string, fd: number) => T): T {
    let fd: number;
    try {
      fd = openSync(this.path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    } catch (error) {
      const code = codeOf(error);
      if (code === "ENOENT") throw new MaestroError("request.not_found", `${this.path} is not there yet; saving a first file makes it`, { cause: error });
      throw refused(code === "ELOOP" || code === "ENOTDIR" ? `${this.path} is a link or no folder` : `${this.path} cannot be opened`, error);
    }
    try {
      return work((name) => `/proc/self/fd/${fd}/${name}`, fd);
    } catch (error) {
      throw fileFailure(error);
    } finally {
      closeSync(fd);
    }
  }

  /** `null` where nothing lies there. Throws `ui.folder` for what is no plain file of text. */
  private read(at: (name: string) => string, name: string): Lying | null {
    let fd: number;
    try {
      fd = openSync(at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw refused(codeOf(error) === "ELOOP" ? `${name} is a link` : `${name} cannot be read`, error);
    }
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) throw refused(`${name} is no file`);
      const buffer = new Uint8Array(INVARIANT_BYTES_MAX + 1);
      let bytes = 0;
      for (let read = -1; read !== 0 && bytes < buffer.length; bytes += read) read = readSync(fd, buffer, bytes, buffer.length - bytes, null);
      if (bytes > INVARIANT_BYTES_MAX) throw refused(`${name} has more than ${INVARIANT_BYTES_MAX} bytes`);
      const content = buffer.subarray(0, bytes);
      const text = fromUtf8(content);
      if (text === null) throw refused(`${name} is not valid UTF-8`);
      return { name, text, bytes, sha256: sha256(content), mode: stat.mode & PERMISSIONS };
    } finally {
      closeSync(fd);
    }
  }

  private all(at: (name: string) => string): { readonly files: readonly Lying[]; readonly passed_over: number } {
    const names = readdirSync(at(".")).filter((name) => /\.ya?ml$/.test(name)).sort();
    const files = names.slice(0, INVARIANT_FILES_MAX).flatMap((name) => {
      try {
        return INVARIANT_NAME.test(name) ? (this.read(at, name) ?? []) : [];
      } catch (error) {
        if (error instanceof MaestroError && error.code === "ui.folder") return [];
        throw error;
      }
    });
    return { files, passed_over: names.length - files.length };
  }

  /** Empty where the folder is not there yet. */
  list(): InvariantsList {
    if (!this.there) return { folder: this.path, work_tree: this.work_tree, files: [], passed_over: 0 };
    const { files, passed_over } = this.within((at) => this.all(at));
    return { folder: this.path, work_tree: this.work_tree, files: files.map(({ name, bytes, sha256: digest }) => ({ name, bytes, sha256: digest })), passed_over };
  }

  /** Throws `request.not_found`, `ui.folder`. */
  file(name: string): InvariantText {
    named(name);
    const found = this.within((at) => this.read(at, name));
    if (found === null) throw new MaestroError("request.not_found", `${name} does not lie in ${this.path}`);
    return { name, text: found.text, sha256: found.sha256 };
  }

  /**
   * Writes one file, whole or not at all. It is not written where another text lies there than the page believes, and where the folder would
   * have a mistake with it that it has not without. All of it happens at one go of this process, so of two tabs one comes second and hears it.
   */
  write(name: string, { text, replaces }: InvariantWrite): InvariantWritten {
    named(name);
    if (utf8(text).length > INVARIANT_BYTES_MAX) throw new MaestroError("request.too_large", `${name} would have more than ${INVARIANT_BYTES_MAX} bytes`);
    if (!this.there && replaces === null) this.make();
    return this.within((at, folder): InvariantWritten => {
      const now = this.read(at, name);
      if ((now?.sha256 ?? null) !== replaces) return { saved: false, because: "changed", now: now === null ? null : { name, text: now.text, sha256: now.sha256 } };
      const others = this.all(at).files.filter((one) => one.name !== name);
      const problems = newProblems(others, now, { name, text });
      if (problems.length > 0) return { saved: false, because: "problems", problems };
      this.place(at, folder, name, utf8(text), now);
      return { saved: true, sha256: sha256(utf8(text)) };
    });
  }

  private make(): void {
    try {
      mkdirSync(this.path);
    } catch (error) {
      throw codeOf(error) === "EEXIST" ? refused(`${this.path} is a link or no folder`, error) : fileFailure(error);
    }
  }

  private place(at: (name: string) => string, folder: number, name: string, bytes: Uint8Array, now: Lying | null): void {
    const beside = at(`.${name}.${randomBytes(6).toString("hex")}.new`);
    const fd = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, MODE);
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
      if (now !== null) fchmodSync(fd, now.mode);
      fsyncSync(fd);
      // A link takes no place that was taken meanwhile; a rename would. A file that is replaced is looked at once more, as late as can be.
      if (now === null) linkSync(beside, at(name));
      else if (this.read(at, name)?.sha256 !== now.sha256) throw refused(`${name} was changed while it was saved; nothing was written, save again`);
      else renameSync(beside, at(name));
      fsyncSync(folder);
    } catch (error) {
      throw codeOf(error) === "EEXIST" ? refused(`${name} came to be while it was saved; nothing was written, save again`, error) : error;
    } finally {
      closeSync(fd);
      rmSync(beside, { force: true });
    }
  }
}

function named(name: string): string {
  if (!INVARIANT_NAME.test(name)) throw refused(`${JSON.stringify(name.slice(0, 200))} is no name of a file of invariants; letters, digits, -, _ and ., ending in .yaml`);
  return name;
}

/** Mistakes that the folder has with the new text and not without it, and every one in the text itself. */
function newProblems(others: readonly InvariantFile[], now: InvariantFile | null, file: InvariantFile): readonly WriteProblem[] {
  const plain = (files: readonly InvariantFile[]) => compileOwn(files.map(({ name, text }) => ({ name, text }))).errors.map(({ file: of, path, line, column, message, fix }) => ({ file: of, path, line, column, message, fix }));
  const after = plain([...others, file].toSorted((a, b) => (a.name < b.name ? -1 : 1)));
  if (after.length === 0) return after;
  const before = new Set(plain(now === null ? others : [...others, now]).map((problem) => JSON.stringify(problem)));
  return after.filter((problem) => problem.file === file.name || !before.has(JSON.stringify(problem)));
}
