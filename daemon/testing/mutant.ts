/** The real code with one fault in it: a module of this project, loaded once more with a piece of its text replaced. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

export interface Fault {
  /** Path of the module. */
  readonly file: string;
  /** Stands in it exactly once. */
  readonly from: string;
  readonly to: string;
}

/** Throws where the code has changed and the fault is not in it any more, or could be in two places. */
export function withFault(text: string, { file, from, to }: Fault): string {
  const times = text.split(from).length - 1;
  if (times !== 1) throw new Error(`${file} says ${JSON.stringify(from)} ${times} times, not once; the seeded fault is out of date`);
  return text.replace(from, () => to);
}

/**
 * Modules with faults, in a folder of their own until it is disposed of. What they import is the project's, but for other modules of the same
 * call: name first those that are imported by later ones.
 */
export class Mutants implements Disposable {
  private readonly folder = mkdtempSync(join(tmpdir(), "mutant-"));
  private readonly made = new Map<string, string>();

  /** `fault` or, without one, a copy that only imports what was made before. Throws where the code has changed and the fault is not in it any more. */
  make(file: string, fault?: Omit<Fault, "file">): string {
    const text = readFileSync(file, "utf8");
    const changed = fault === undefined ? text : withFault(text, { ...fault, file });
    const whole = changed.replace(/(\bfrom |\bimport\()"([^"\n]+)"/g, (whole, keyword: string, path: string) => {
      if (/^(?:node|bun)(?::|$)/.test(path)) return whole;
      const target = path.startsWith(".") ? join(dirname(file), path) : Bun.resolveSync(path, dirname(file));
      return `${keyword}${JSON.stringify(this.made.get(target) ?? target)}`;
    });
    const path = join(this.folder, `${this.made.size}-${basename(file)}`);
    writeFileSync(path, whole);
    this.made.set(file, path);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
