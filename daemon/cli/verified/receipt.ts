/** `maestro verify FILE.tlog-proof`: a receipt by itself says that some bytes stand in a log, and nothing of what they mean. */
import { existsSync } from "node:fs";
import { fromUtf8 } from "../../../proto/encoding.ts";
import { MaestroError, VERIFY_EXIT } from "../../../proto/errors.ts";
import { openTrust } from "../../verifier/index.ts";
import { noteKey, parseNote } from "../../verifier/note.ts";
import { parseTlogProof, verifyTlogProof } from "../../verifier/tlog-proof.ts";
import { judgeWitnesses, openCosignatures } from "../../verifier/witnesses.ts";
import { witnessText } from "../../verifier/witness-words.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { printJson } from "../document.ts";
import { print } from "../output.ts";
import { readBundleFile } from "../verification.ts";
import { itemLines, section } from "./layout.ts";

export const isReceipt = (bytes: Uint8Array): boolean => fromUtf8(bytes.subarray(0, 22))?.startsWith("c2sp.org/tlog-proof@v1") === true;

/** As `--extract` names them. */
function entryFile(path: string, given: string | undefined): string {
  const beside = path.replace(/\.tlog-proof$/, ".entry");
  if (given === undefined && (beside === path || !existsSync(beside))) throw new MaestroError("cli.usage", "a receipt says that an entry is in a log: name the entry's file with --entry");
  return given ?? beside;
}

interface Judged {
  readonly result: "verified" | "failed" | "unknown_signer";
  readonly because: string | null;
  readonly log: { readonly origin: string; readonly index: number; readonly size: number } | null;
  readonly witnesses: readonly string[];
}

function judge(text: string, entry: Uint8Array, trust_bytes: Uint8Array): Judged {
  const refused = (because: string, result: Judged["result"] = "failed"): Judged => ({ result, because, log: null, witnesses: [] });
  const opened = openTrust(trust_bytes);
  if (!opened.ok) throw new MaestroError("trust.malformed", opened.reason.detail);
  const trust = opened.value;
  const note = parseNote(parseTlogProof(text)?.checkpoint ?? "");
  if (note === null) return refused("it is not in the form of C2SP tlog-proof");
  const logs = trust.entries.filter(({ entry: line }) => line.role === "log" && line.log_origin !== null && note.text.startsWith(`${line.log_origin}\n`));
  if (logs.length === 0) return refused("its log is not in the trust file", "unknown_signer");
  const verdicts = logs.map(({ entry: line, key }) => ({ verdict: verifyTlogProof(text, entry, noteKey(line.log_origin ?? "", key)), size_max: line.log_size_max ?? Number.POSITIVE_INFINITY }));
  const found = verdicts.find(({ verdict, size_max }) => verdict.ok && verdict.checkpoint.size <= size_max)?.verdict;
  if (found?.ok !== true) return refused(verdicts.map(({ verdict }) => (verdict.ok ? "its key no longer signed a tree of that size" : verdict.because)).join("; "));
  const cosigned = openCosignatures(note, trust.witnesses.keys);
  const seen = cosigned.ok ? judgeWitnesses(cosigned.value.cosigners, trust.witnesses, { now_s: Date.now() / 1000, later: false }) : cosigned;
  if (!seen.ok) return refused(seen.reason.detail);
  return { result: "verified", because: null, log: { origin: found.checkpoint.origin, index: found.index, size: found.checkpoint.size }, witnesses: witnessText(seen.value ?? undefined) };
}

/** Prints it and returns the exit code. */
export function verifyReceipt(path: string, bytes: Uint8Array, given: string | undefined, trust: Uint8Array, json: boolean): number {
  const judged = judge(fromUtf8(bytes) ?? "", readBundleFile(entryFile(path, given)), trust);
  const { result, because, log, witnesses } = judged;
  if (json) printJson(judged);
  else if (log === null) print(`${result === "failed" ? "FAILED" : "UNKNOWN SIGNER"}  this is no receipt of that entry\n  ${escapeTerminal(because ?? "")}`);
  else {
    const proved = [{ label: "log", text: `the entry is number ${log.index} of ${log.size} of ${log.origin}` }, ...witnesses.map((text) => ({ label: "witnesses", text }))];
    print([`VERIFIED offline  receipt of log entry ${log.index}`, ...section("proved", proved), "not proved", ...itemLines("what the entry is about: it holds a digest and a signature; verify the attestation it came from")].join("\n"));
  }
  return result === "verified" ? VERIFY_EXIT.verified : result === "failed" ? VERIFY_EXIT.failed : VERIFY_EXIT.unknown_signer;
}
