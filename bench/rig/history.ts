/** Repositories that a bench makes: the same bytes, and so the same commit names, on every machine. */
import { mkdirSync } from "node:fs";

const EPOCH_S = 1_700_000_000;
const COMMIT_EVERY_S = 3_600;
const LINES_PER_FILE = 60;
const FILES_PER_FOLDER = 20;

/** Xorshift32: only to spread edits; nothing hangs on its quality. */
function dice(seed: number): (sides: number) => number {
  let state = seed | 0 || 1;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

const AUTHORS = ["Ada Example <ada@example.org>", "Grace Example <grace@example.org>", "update-bot[bot] <bot@example.org>"] as const;
const pathOf = (file: number): string => (file % 5 === 4 ? `test/part${Math.floor(file / FILES_PER_FOLDER)}/unit${file}.test.ts` : `src/part${Math.floor(file / FILES_PER_FOLDER)}/unit${file}.ts`);

const sourceLine = (file: number, line: number, edition: number): string => `export const value_${file}_${line} = compute(${file * 31 + line}, "${(file * 7919 + line * 104_729 + edition * 31).toString(36)}");`;
const testLine = (file: number, line: number, edition: number): string => `test("unit ${file} case ${line}", () => expect(compute(${file + line}, "${edition}")).toBe(${file * line}));`;

const MANIFEST = (edition: number): string => `${JSON.stringify({ name: "made", version: `1.0.${edition}`, private: true, dependencies: { "left-part": `1.${edition}.0` } }, null, 2)}\n`;
const WORKFLOW = (edition: number): string => `name: ci\non: [push]\npermissions:\n  contents: read\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make test EDITION=${edition}\n`;

interface Written {
  readonly path: string;
  readonly text: string;
}

/** What one commit changes: two source files as a rule, now and then a test, a manifest or a workflow. */
class Growth {
  private readonly files: string[][];
  private readonly roll: (sides: number) => number;

  constructor(count: number, seed: number) {
    this.roll = dice(seed);
    const line = (file: number) => (file % 5 === 4 ? testLine : sourceLine);
    this.files = Array.from({ length: count }, (_, file) => Array.from({ length: LINES_PER_FILE }, (_unused, at) => line(file)(file, at, 0)));
  }

  all(): Written[] {
    return [...this.files.keys()].map((file) => this.written(file)).concat({ path: "package.json", text: MANIFEST(0) }, { path: ".github/workflows/ci.yml", text: WORKFLOW(0) });
  }

  next(edition: number): Written[] {
    const touched = Array.from({ length: 2 + this.roll(3) }, () => this.edit(this.roll(this.files.length), edition));
    if (edition % 10 === 3) touched.push({ path: "package.json", text: MANIFEST(edition) });
    if (edition % 25 === 7) touched.push({ path: ".github/workflows/ci.yml", text: WORKFLOW(edition) });
    return touched;
  }

  private written(file: number): Written {
    return { path: pathOf(file), text: `${(this.files[file] ?? []).join("\n")}\n` };
  }

  private edit(file: number, edition: number): Written {
    const lines = this.files[file] ?? [];
    const line = file % 5 === 4 ? testLine : sourceLine;
    for (let edits = 1 + this.roll(6); edits > 0; edits--) lines[this.roll(lines.length)] = line(file, this.roll(LINES_PER_FILE), edition);
    lines.push(line(file, lines.length, edition));
    return this.written(file);
  }
}

function commitText(branch: string, edition: number, from: string | null, files: readonly Written[], subject: string): string {
  const when = `${EPOCH_S + edition * COMMIT_EVERY_S} +0000`;
  const author = AUTHORS[edition % 9 === 4 ? 2 : edition % 2] ?? AUTHORS[0];
  const message = edition % 8 === 5 ? `${subject}\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n` : `${subject}\n`;
  const blobs = files.map(({ path, text }) => `M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`).join("");
  const parent = from === null ? "" : `from ${from}\n`;
  return `commit refs/heads/${branch}\nmark :${edition + 1}\nauthor ${author} ${when}\ncommitter ${author} ${when}\ndata ${Buffer.byteLength(message)}\n${message}${parent}${blobs}\n`;
}

export function git(path: string, args: readonly string[], stdin = ""): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["git", ...args], { cwd: path, stdin: Buffer.from(stdin), stdout: "pipe", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`git ${args.join(" ")}: ${stderr.toString()}`);
  return stdout.toString().trim();
}

function importInto(path: string, stream: string): void {
  mkdirSync(path, { recursive: true });
  git(path, ["init", "-q", "--template=", "-b", "main"]);
  git(path, ["fast-import", "--quiet", "--date-format=raw"], stream);
}

/** `main` with a first commit of `files` files and then `commits` small ones. */
export function makeHistory(path: string, files: number, commits: number): void {
  const growth = new Growth(files, 1);
  const parts = [commitText("main", 0, null, growth.all(), "first")];
  for (let edition = 1; edition <= commits; edition++) parts.push(commitText("main", edition, null, growth.next(edition), `change ${edition} of unit`));
  importInto(path, parts.join(""));
}

/** `main` with one commit of `files` files, and branches `change-1`, `change-2`, ... with one small commit each. */
export function makeBranches(path: string, files: number, branches: number): void {
  const first = commitText("main", 0, null, new Growth(files, 1).all(), "first");
  const rest = Array.from({ length: branches }, (_, i) => commitText(`change-${i + 1}`, i + 1, ":1", new Growth(files, i + 2).next(i + 1), `change ${i + 1}`));
  importInto(path, [first, ...rest].join(""));
}
