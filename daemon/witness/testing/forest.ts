/** Histories of one log that share their beginning: what a log that lies to some of its witnesses shows them. */
import { chosenHasher, growTree, type Tree } from "../../../kernels/merkle/index.ts";
import { toBase64, utf8 } from "../../../proto/encoding.ts";
import type { Signer } from "../../evidence/keys/signer.ts";
import { newSigner } from "../../testing/evidence.ts";
import { checkpointBy } from "../../testing/witnesses.ts";
import { noteKey, type NoteKey } from "../../verifier/note.ts";

export class ForkedLog {
  readonly signer: Signer = newSigner("ed25519");
  readonly key: NoteKey;
  /** Leaf hashes by branch. */
  readonly #branches = new Map<string, Uint8Array[]>();
  readonly #trees = new Map<string, Tree>();

  constructor(readonly origin: string) {
    this.key = noteKey(origin, this.signer.key);
  }

  /** The first `shared` entries are those of branch `from`. */
  branch(name: string, size: number, shared = 0, from = "main"): this {
    const before = (this.#branches.get(from) ?? []).slice(0, shared);
    const own = chosenHasher().leafHashes(Array.from({ length: size - shared }, (_, i) => utf8(`${name} ${shared + i}`)));
    const leaves = [...before, ...Array.from({ length: size - shared }, (_, i) => own.subarray(i * 32, i * 32 + 32))];
    this.#branches.set(name, leaves);
    return this;
  }

  tree(branch: string, size: number): Tree {
    const name = `${branch} ${size}`;
    const leaves = (this.#branches.get(branch) ?? []).slice(0, size);
    const made = this.#trees.get(name) ?? growTree(Buffer.concat(leaves));
    this.#trees.set(name, made);
    return made;
  }

  checkpoint(branch: string, size: number): string {
    return checkpointBy(this.signer, this.origin, size, this.tree(branch, size).root());
  }

  /** The body that an honest client of this branch would send. */
  body(branch: string, old_size: number, size: number): Uint8Array {
    const proof = old_size === 0 || old_size === size ? [] : this.tree(branch, size).consistencyProof(old_size);
    return utf8(`old ${old_size}\n${proof.map((hash) => `${toBase64(hash)}\n`).join("")}\n${this.checkpoint(branch, size)}`);
  }
}
