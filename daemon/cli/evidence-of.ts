/** The evidence of an admit, found by name, in a file, or among the bundles that this user's gates kept. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import type { Bundle } from "../../proto/bundle.ts";
import { fromBase64, fromUtf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import type { Verification } from "../../proto/verification.ts";
import { textOf, type Values } from "./command.ts";
import { connect, locate } from "./connect.ts";
import { readBundleFile, readTrustFile, verifyAgainst } from "./verification.ts";

/** Older ones are asked for by name. */
const KEPT_BUNDLES_MAX = 500;

export interface Evidence {
  readonly verification: Verification;
  /** For a person. */
  readonly where: string;
  readonly trust: string;
}

/** What a bundle claims to be about; to be verified before it is believed. */
function claimedBy(bytes: Uint8Array): { readonly merge_tree: unknown; readonly head: unknown; readonly verdict: unknown; readonly gate_id: unknown; readonly attempt: number } | null {
  try {
    const { attestations } = JSON.parse(new TextDecoder().decode(bytes)) as Bundle;
    const payload = fromBase64(attestations[0]?.dsseEnvelope.payload ?? "");
    const { predicate } = JSON.parse(fromUtf8(payload ?? new Uint8Array(0)) ?? "{}") as { predicate: { verdict: unknown; gate_id: unknown; attempt: { attempt: unknown }; identity: { merge_tree: unknown; head: unknown } } };
    const { verdict, gate_id, identity: { merge_tree, head } } = predicate;
    return { merge_tree, head, verdict, gate_id, attempt: Number(predicate.attempt.attempt) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

/** The newest kept admit of just this content, else of one of these heads: a squash or a rebase names no head. A later attempt of its gate takes its place, whatever it said. */
export function keptFor(folder: string, tree: string, heads: readonly string[]): string | null {
  if (!existsSync(folder)) return null;
  const files = readdirSync(folder).filter((file) => file.endsWith(".json")).map((file) => ({ path: `${folder}/${file}`, at: statSync(`${folder}/${file}`).mtimeMs }));
  const newest = files.toSorted((a, b) => b.at - a.at).slice(0, KEPT_BUNDLES_MAX);
  const claims = newest.flatMap(({ path }) => {
    const claim = claimedBy(readFileSync(path));
    return claim === null ? [] : [{ path, ...claim }];
  });
  const admits = claims.filter(({ verdict }) => verdict === "admit");
  const admit = admits.find(({ merge_tree }) => merge_tree === tree) ?? admits.find(({ head }) => typeof head === "string" && heads.includes(head));
  if (admit === undefined) return null;
  return claims.find(({ gate_id, attempt }) => gate_id === admit.gate_id && attempt > admit.attempt)?.path ?? admit.path;
}

async function recorded(values: Values, names: readonly string[]): Promise<{ bytes: Uint8Array; where: string } | null> {
  const { client } = connect(values);
  for (const name of names) {
    try {
      const { gate_id, attempt, bundle } = await client.gateBundle(name);
      return { bytes: fromBase64(bundle) ?? new Uint8Array(0), where: `attempt ${attempt} of ${gate_id}` };
    } catch (error) {
      if (!(error instanceof MaestroError) || !["request.not_found", "daemon.unreachable"].includes(error.code) || names.length === 1) throw error;
    }
  }
  return null;
}

/** Throws `cli.usage` where there is none, and what reading throws. */
export async function evidenceOf(values: Values, landed: { readonly tree: string; readonly heads: readonly string[] }): Promise<Evidence> {
  const locations = locate(values);
  const trust = textOf(values, "trust") ?? locations.trust_path;
  const [gate, file] = [textOf(values, "gate"), textOf(values, "bundle")];
  if (gate !== undefined && file !== undefined) throw new MaestroError("cli.usage", "--gate asks the daemon, --bundle reads a file: choose one");
  const path = file ?? (gate === undefined ? keptFor(`${locations.state_dir}/bundles`, landed.tree, landed.heads) : null);
  const found = path === null ? await recorded(values, gate === undefined ? landed.heads : [gate]) : { bytes: readBundleFile(path), where: path };
  if (found === null) throw new MaestroError("cli.usage", "no admit of this content or of these commits is kept here; name it with --gate ID or --bundle FILE");
  return { verification: verifyAgainst(found.bytes, readTrustFile(trust), { witnesses: "later" }), where: found.where, trust };
}
