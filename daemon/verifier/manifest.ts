import { chosenHasher, growTree, HASH_BYTES, verifyInclusion, type Tree } from "../../kernels/merkle/index.ts";
import type { ObligationsPredicate } from "../../proto/attestation.ts";
import { canonicalText } from "../../proto/canonical.ts";
import { fromHex, toHex } from "../../proto/encoding.ts";
import type { IdentityLeaf, Leaf, Manifest, ObligationLeaf } from "../../proto/manifest.ts";
import type { VerifiedLeaf } from "../../proto/verification.ts";
import { compareCoordinates, hashLeaf, leafAnswersTo, leafBytes, leafLabel, VERDICT_LEAF } from "./leaves.ts";
import { pass, stop, type Step } from "./step.ts";

const WANTED_CHARS_MAX = 100;

/** A manifest that hangs under the signed root: every shown leaf, and the tree over all. */
export interface OpenManifest {
  readonly identity: IdentityLeaf;
  readonly shown: ReadonlyMap<number, Leaf>;
  readonly tree: Tree;
}

/** The tree over all slots, shown leaves hashed in one batch. No two leaves may be the same, whether shown or hidden. */
function treeOf(manifest: Manifest): Step<Tree> {
  const shown: Uint8Array[] = [];
  for (const slot of manifest.leaves) if ("leaf" in slot) shown.push(leafBytes(slot.leaf));
  const hashed = chosenHasher().leafHashes(shown);
  const packed = new Uint8Array(manifest.leaves.length * HASH_BYTES);
  const seen = new Set<string>();
  let next = 0;
  for (const [i, slot] of manifest.leaves.entries()) {
    const hash = "leaf" in slot ? hashed.subarray(next * HASH_BYTES, ++next * HASH_BYTES) : fromHex(slot.hash);
    if (hash?.length !== HASH_BYTES) return stop("manifest.leaves", `leaf ${i}: not a hash`);
    const name = toHex(hash);
    if (seen.has(name)) return stop("manifest.leaves", `leaf ${i} is there twice`);
    seen.add(name);
    packed.set(hash, i * HASH_BYTES);
  }
  return pass(growTree(packed));
}

function checkObligation(leaf: ObligationLeaf, i: number, before: ObligationLeaf | null, predicate: ObligationsPredicate): Step<null> {
  if (leaf.gate_id !== predicate.gate_id) return stop("manifest.leaves", `leaf ${i} belongs to another gate`);
  if (leaf.policy !== predicate.identity.policy) return stop("manifest.leaves", `leaf ${i} was made under another policy`);
  if (leaf.value !== null && leaf.commitment !== null) return stop("manifest.leaves", `leaf ${i} has a value and a commitment`);
  if ((leaf.commitment === null) !== (leaf.hidden === undefined)) return stop("manifest.leaves", `leaf ${i} hides a number by half`);
  if (leaf.commitment !== null && (leaf.kind !== "numeric" || !["pass", "fail"].includes(leaf.outcome))) return stop("manifest.leaves", `leaf ${i} hides a number that was not measured`);
  if (before !== null && compareCoordinates(before, leaf) >= 0) {
    return stop("manifest.leaves", `leaf ${i} (${leafLabel(leaf)}) is out of order or there twice`);
  }
  if (compareCoordinates(leaf, VERDICT_LEAF) === 0 && leaf.outcome !== predicate.verdict) {
    return stop("manifest.leaves", `leaf ${i} gives another verdict than the statement`);
  }
  return pass(null);
}

function checkIdentity(leaf: Leaf | undefined, predicate: ObligationsPredicate): Step<IdentityLeaf> {
  if (leaf === undefined || leaf.kind !== "identity") return stop("manifest.identity", "leaf 0 does not show the identity");
  const same =
    leaf.gate_id === predicate.gate_id &&
    leaf.leaf_count === predicate.manifest.size &&
    canonicalText(leaf.identity) === canonicalText(predicate.identity) &&
    canonicalText(leaf.attempt) === canonicalText(predicate.attempt);
  return same ? pass(leaf) : stop("manifest.identity", "leaf 0 is about another gate or attempt than the statement");
}

/** Recomputes the root from what is shown and what is hidden, and holds it against the signed one. */
export function openManifest(manifest: Manifest, predicate: ObligationsPredicate): Step<OpenManifest> {
  const signed = predicate.manifest;
  if (manifest.gate_id !== predicate.gate_id) return stop("manifest.identity", "the manifest belongs to another gate");
  if (manifest.leaves.length !== signed.size) return stop("manifest.leaves", `${manifest.leaves.length} leaves, the statement says ${signed.size}`);
  const tree = treeOf(manifest);
  if (!tree.ok) return tree;
  const computed = toHex(tree.value.root());
  if (computed !== signed.root || manifest.root !== signed.root) return stop("manifest.root", "the leaves do not hash to the signed root");
  const shown = new Map<number, Leaf>();
  for (const [i, slot] of manifest.leaves.entries()) if ("leaf" in slot) shown.set(i, slot.leaf);
  const identity = checkIdentity(shown.get(0), predicate);
  if (!identity.ok) return identity;
  let before: ObligationLeaf | null = null;
  for (const [i, leaf] of shown) {
    if (i === 0) continue;
    if (leaf.kind === "identity") return stop("manifest.leaves", `leaf ${i} is a second identity`);
    const checked = checkObligation(leaf, i, before, predicate);
    if (!checked.ok) return checked;
    before = leaf;
  }
  return pass({ identity: identity.value, shown, tree: tree.value });
}

/** The one shown leaf a person asks for by name, with the proof that it hangs under the signed root. */
export function findLeaf(manifest: OpenManifest, wanted: string): Step<VerifiedLeaf> {
  const found = [...manifest.shown].filter(([, leaf]) => leafAnswersTo(leaf, wanted));
  const [match] = found;
  if (match === undefined) return stop("leaf.unknown", `no shown leaf is called ${wanted.slice(0, WANTED_CHARS_MAX)}; shown: ${[...manifest.shown.values()].map(leafLabel).join(" ")}`);
  if (found.length > 1) {
    return stop("leaf.unknown", `${wanted} may be ${found.map(([, leaf]) => leafLabel(leaf)).join(" or ")}`);
  }
  const [leafIndex, leaf] = match;
  const { tree } = manifest;
  const leafHash = hashLeaf(leafBytes(leaf));
  const inclusionPath = tree.inclusionProof(leafIndex);
  if (!verifyInclusion({ leafIndex, treeSize: tree.size, leafHash, inclusionPath, rootHash: tree.root() })) {
    return stop("manifest.root", `leaf ${leafIndex} does not hang under the root`);
  }
  return pass({ index: leafIndex, size: tree.size, leaf, leaf_hash: toHex(leafHash), proof: inclusionPath.map(toHex) });
}
