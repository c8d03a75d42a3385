import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { concatBytes, utf8 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import { packBodyHeader } from "../../../proto/pack-body.ts";
import { objectId } from "./object-format.ts";
import type { Repository } from "./repository-store.ts";
import { handmadePack, Scratch, type Source } from "./testing/scratch.ts";

let scratch: Scratch;
let source: Source;
let good: string;

beforeAll(async () => {
  scratch = await Scratch.create();
  source = scratch.source();
  good = await source.commit({ "a.txt": "a\n", "dir/b.txt": "b\n" });
});
afterAll(() => scratch.dispose());

let repositories = 0;
const fresh = (format: "sha1" | "sha256" = "sha1"): Promise<Repository> => scratch.store.open(`local:0:intake-${repositories++}`, format);

/** Sends a body that must be refused, and proves that the store is as it was, file by file. */
async function refused(repository: Repository, claim: { tips?: string[]; cuts?: string[] }, body: Uint8Array | ReadableStream<Uint8Array>, limits = {}): Promise<MaestroError> {
  const before = scratch.files(repository);
  const error: unknown = await scratch.receive(repository, claim, body, limits).then(
    () => new Error("it was accepted"),
    (reason: unknown) => reason,
  );
  expect(scratch.files(repository)).toEqual(before);
  if (!(error instanceof MaestroError)) throw error;
  return error;
}

function withCount(pack: Uint8Array, count: number): Uint8Array {
  const changed = pack.slice(0, -20);
  new DataView(changed.buffer).setUint32(8, count);
  return concatBytes(changed, new Uint8Array(new Bun.CryptoHasher("sha1").update(changed).digest()));
}

describe("a sound pack", () => {
  test("lands whole, the tips readable, no quarantine left behind", async () => {
    const repository = await fresh();
    const result = await scratch.receive(repository, { tips: [good] }, source.body([good], [good]));
    expect(result).toMatchObject({ objects: 5, warnings: [] });
    expect(scratch.files(repository).filter((name) => name.includes("quarantine"))).toEqual([]);
    await using reader = scratch.reader(repository);
    expect((await reader.objects.info([good]))[0]?.type).toBe("commit");
  });

  test("may come as git's own pack alone", async () => {
    const repository = await fresh();
    expect((await scratch.receive(repository, { tips: [good] }, source.pack([good]))).objects).toBe(5);
  });

  test("may come twice", async () => {
    const repository = await fresh();
    await scratch.receive(repository, { tips: [good] }, source.pack([good]));
    expect((await scratch.receive(repository, { tips: [good] }, source.pack([good]))).objects).toBe(5);
  });

  test("may be thin: git completes it from this repository", async () => {
    const repository = await fresh();
    const long = Array.from({ length: 400 }, (_, n) => `line ${n}\n`).join("");
    const first = await source.commit({ "long.txt": long });
    const second = await source.commit({ "long.txt": `${long}more\n` });
    await scratch.receive(repository, { tips: [first] }, source.pack([first]));
    const thin = source.bytes(["pack-objects", "--revs", "--thin", "--stdout", "-q"], `${second}\n^${first}\n`);
    expect(thin.length).toBeLessThan(800);
    await scratch.receive(repository, { tips: [second] }, thin);
    await using reader = scratch.reader(repository);
    const blob = source.git("rev-parse", `${second}:long.txt`);
    expect((await reader.objects.read(blob, 1e6)).result).toBe("read");
  });

  test("may be of a sha256 repository", async () => {
    const other = scratch.source("sha256", "sha256");
    const head = await other.commit({ f: "1\n" });
    const repository = await fresh("sha256");
    expect((await scratch.receive(repository, { tips: [head] }, other.body([head], [head]))).objects).toBe(3);
    expect(head).toHaveLength(64);
  });

  test("with faults of old tools is accepted, and the faults are said", async () => {
    const repository = await fresh();
    const tree = source.tree(["0100644", "padded", source.object("blob", "x")]);
    const commit = source.object("commit", `tree ${tree}\nauthor A <a@b>1 +9\ncommitter A a@b> 1 +0000\n\nold\n`);
    const { warnings } = await scratch.receive(repository, { tips: [commit] }, source.pack([commit]));
    expect(warnings.map((line) => line.split(" ")[0])).toEqual(["badName", "missingSpaceBeforeDate", "zeroPaddedFilemode"]);
  });
});

describe("hostile trees are refused", () => {
  const blob = (): string => source.object("blob", "x");
  const hidden = (name: string | Uint8Array, mode = "100644") => (): string => source.tree([mode, name, blob()]);
  const cases: Record<string, [make: () => string, id: string]> = {
    "..": [hidden(".."), "hasDotdot"],
    ".": [hidden("."), "hasDot"],
    ".git": [hidden(".git"), "hasDotgit"],
    ".GIT": [hidden(".GIT"), "hasDotgit"],
    "git~1 (NTFS short name)": [hidden("git~1"), "hasDotgit"],
    ".g\u200cit (HFS ignores the character)": [hidden(".g\u200cit"), "hasDotgit"],
    "a/../../x": [hidden("a/../../x"), "fullPathname"],
    ".gitmodules as a symbolic link": [hidden(".gitmodules", "120000"), "gitmodulesSymlink"],
    ".GITMODULES as a symbolic link": [hidden(".GITMODULES", "120000"), "gitmodulesSymlink"],
    ".gitattributes as a symbolic link": [hidden(".gitattributes", "120000"), "gitattributesSymlink"],
    "two entries of one name": [() => source.tree(["100644", "a", blob()], ["100644", "a", source.object("blob", "y")]), "duplicateEntries"],
    "unsorted entries": [() => source.tree(["100644", "b", blob()], ["100644", "a", blob()]), "treeNotSorted"],
    "an all-zero id": [() => source.tree(["160000", "a", "0".repeat(40)]), "nullSha1"],
    "a submodule address that is an option": [() => source.tree(["100644", ".gitmodules", source.object("blob", '[submodule "a"]\n path = a\n url = -u./run\n')]), "gitmodulesUrl"],
    "a submodule update command": [() => source.tree(["100644", ".gitmodules", source.object("blob", '[submodule "a"]\n path = a\n url = x\n update = !run\n')]), "gitmodulesUpdate"],
    "a submodule name that leads out": [() => source.tree(["100644", ".gitmodules", source.object("blob", '[submodule "../../x"]\n path = a\n url = x\n')]), "gitmodulesName"],
    "below a sound folder": [() => source.tree(["40000", "dir", source.tree(["100644", "..", blob()])]), "hasDotdot"],
  };
  for (const [name, [make, id]] of Object.entries(cases)) {
    test(name, async () => {
      const commit = source.object("commit", `tree ${make()}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n`);
      const error = await refused(await fresh(), { tips: [commit] }, source.pack([commit]));
      expect([error.code, error.detail.split(" ")[0]]).toEqual(["intake.refused", id]);
    });
  }
});

test("a tree entry without a name is refused", async () => {
  const tree = concatBytes(utf8("100644 \0"), Uint8Array.fromHex(source.git("rev-parse", `${good}:a.txt`)));
  const error = await refused(await fresh(), {}, handmadePack([["blob", utf8("a\n")], ["tree", tree]]));
  expect(error.code).toBe("intake.refused");
});

describe("a pack that is not what it says is refused", () => {
  test("truncated", async () => {
    const pack = source.pack([good]);
    const error = await refused(await fresh(), { tips: [good] }, pack.slice(0, -30));
    expect(error.code).toBe("intake.refused");
  });

  test("with bytes after its end, few or many", async () => {
    for (const extra of [1, 200_000]) {
      const error = await refused(await fresh(), { tips: [good] }, concatBytes(source.pack([good]), new Uint8Array(extra)));
      expect([error.code, error.detail]).toEqual(["intake.refused", "bytes follow the end of the pack"]);
    }
  });

  test("with a second pack after its end", async () => {
    const error = await refused(await fresh(), { tips: [good] }, concatBytes(source.pack([good]), source.pack([good])));
    expect(error.code).toBe("intake.refused");
  });

  test("with a count too high or too low", async () => {
    const pack = source.pack([good]);
    for (const count of [4, 6, 100_000]) expect((await refused(await fresh(), { tips: [good] }, withCount(pack, count))).code).toBe("intake.refused");
  });

  test("with one flipped byte", async () => {
    const pack = source.pack([good]);
    pack[40] = (pack[40] ?? 0) ^ 1;
    expect((await refused(await fresh(), { tips: [good] }, pack)).code).toBe("intake.refused");
  });

  test("something else altogether, or nothing", async () => {
    for (const body of [utf8("hello\n"), utf8("x".repeat(5000)), new Uint8Array(0), utf8("PACK"), utf8("maestro-pack 1 -5\n"), packBodyHeader(0)]) {
      expect((await refused(await fresh(), {}, body)).code).toBe("intake.refused");
    }
  });

  test("blobs and trees in the history pack, where fsck would not see them", async () => {
    const tree = source.tree(["100644", "..", source.object("blob", "x")]);
    const smuggled = source.packOf([good, tree]);
    const body = concatBytes(packBodyHeader(smuggled.length), smuggled, source.pack([good]));
    const error = await refused(await fresh(), { tips: [good] }, body);
    expect([error.code, error.detail]).toEqual(["intake.refused", `tree ${tree} in the history pack, which takes commits only`]);
  });
});

describe("limits", () => {
  test("pack_bytes_max and objects_max name themselves", async () => {
    const noise = await source.commit({ noise: crypto.getRandomValues(new Uint8Array(60_000)) });
    const large = await refused(await fresh(), { tips: [noise] }, source.pack([noise]), { pack_bytes_max: 50_000 });
    const many = await refused(await fresh(), { tips: [good] }, source.pack([good]), { objects_max: 4 });
    expect([large.code, large.detail, many.code]).toEqual(["request.too_large", "pack_bytes_max is 50000", "request.too_large"]);
    expect(many.detail).toContain("objects_max is 4");
  });

  test("pack bomb: 64 MiB of zeros in a 64 kB pack", async () => {
    const zeros = new Uint8Array(64 * 1024 * 1024);
    const bomb = objectId("sha1", "blob", zeros);
    const pack = handmadePack([["blob", zeros]]);
    expect(pack.length).toBeLessThan(100_000);
    const error = await refused(await fresh(), {}, pack);
    expect([error.code, error.detail]).toEqual(["request.too_large", `object ${bomb} has ${zeros.length} bytes, object_bytes_max is 8388608`]);
  });

  test("a client that stops sending meets the deadline", async () => {
    const pack = source.pack([good]);
    const stalled = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(pack.slice(0, 50)), pull: () => new Promise(() => undefined) });
    const error = await refused(await fresh(), { tips: [good] }, stalled, { intake_deadline_ms: 300 });
    expect(error.code).toBe("request.timeout");
  });

  test("a client that goes away mid-way", async () => {
    const pack = source.pack([good]);
    let sent = false;
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) return controller.error(new Error("connection reset"));
        sent = true;
        controller.enqueue(pack.slice(0, 50));
      },
    });
    expect((await refused(await fresh(), { tips: [good] }, broken)).code).toBe("request.cancelled");
  });
});

describe("what is missing is said", () => {
  test("a blob of a tip", async () => {
    const repository = await fresh();
    const blob = source.git("rev-parse", `${good}:a.txt`);
    const without = source.git("rev-list", "--objects", "--no-object-names", good).split("\n").filter((oid) => oid !== blob);
    const error = await refused(repository, { tips: [good] }, source.packOf(without));
    expect([error.code, error.detail]).toEqual(["intake.incomplete", `fatal: did not receive expected object ${blob}`]);
  });

  test("a tip that was not sent", async () => {
    const other = await source.commit({ other: "1" });
    const error = await refused(await fresh(), { tips: [good, other] }, source.pack([good]));
    expect(error.code).toBe("intake.incomplete");
    expect(error.detail).toContain(other);
  });

  test("a commit whose tree came in no pack, though the commit did", async () => {
    const other = await source.commit({ other: "2" });
    const error = await refused(await fresh(), { tips: [good, other] }, source.body([other], [good]));
    expect(error.code).toBe("intake.incomplete");
  });

  test("parents, unless the claim cuts there", async () => {
    const child = await source.commit({ child: "1" });
    const repository = await fresh();
    expect((await refused(repository, {}, source.pack([child]))).code).toBe("intake.incomplete");
    expect((await scratch.receive(repository, { cuts: [child] }, source.pack([child]))).objects).toBeGreaterThan(0);
  });

  test("an object that only another repository's store has", async () => {
    await scratch.receive(await fresh(), { tips: [good] }, source.pack([good]));
    const thief = scratch.source("thief");
    const tree = thief.tree(["100644", "stolen", source.git("rev-parse", `${good}:a.txt`)]);
    const commit = thief.commitTree(tree);
    const error = await refused(await fresh(), { tips: [commit, good] }, thief.packOf([commit, tree]));
    expect(error.code).toBe("intake.incomplete");
  });
});

test("an id that is not one, or of the other format, never reaches git", async () => {
  const repository = await fresh();
  for (const tip of ["--all", "HEAD", `${good}^`, good.slice(0, 39), `${good}\n--all`, "a".repeat(64)]) {
    expect((await refused(repository, { tips: [tip] }, source.pack([good]))).code).toBe("request.malformed");
    expect((await refused(repository, { cuts: [tip] }, source.pack([good]))).code).toBe("request.malformed");
  }
});
