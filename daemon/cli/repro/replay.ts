/** `maestro repro --run FILE`: judges the same once more with a daemon of its own, and says whether it comes to the same. */
import { existsSync, readFileSync } from "node:fs";
import { Type, type Static } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Statement } from "../../../proto/attestation.ts";
import { canonicalText } from "../../../proto/canonical.ts";
import { fromBase64 } from "../../../proto/encoding.ts";
import { MaestroError } from "../../../proto/errors.ts";
import type { EvidenceBundle } from "../../../proto/evidence-bundle.ts";
import type { ReproHeader, ReproReply } from "../../../proto/repro.ts";
import type { KeptFindings } from "../../../proto/findings.ts";
import { sha256Hex } from "../verified/evidence.ts";
import { comparable, coreDigest, differences, outcomeCore, type OutcomeCore } from "./core.ts";
import { configurationIn } from "./make.ts";
import type { ReadPack } from "./pack-file.ts";
import { replayIn, type HostPart, type Replayed } from "./stage.ts";

const Body = Type.Object({ commands: Type.Record(Type.String(), Type.Unknown()), obligations: Type.Record(Type.String(), Type.Unknown()), mounts: Type.Record(Type.String(), Type.Unknown()), required: Type.Array(Type.String()), source: Type.String() }, { additionalProperties: true });
type Body = Static<typeof Body>;
const Configuration = Type.Object({ body: Body });

/** Whose own word a temporary daemon has for these; they say nothing of what is judged. */
const ITS_OWN = new Set(["mode", "policy_path", "source", "required"]);
const HOST_SETTINGS = ["rules", "thresholds", "waivers_inline_denied", "change_budget"] as const;
const SYSTEM_MOUNT = "system";
const DIFFERENCES_MAX = 1_000;

function bodyOf(evidence: EvidenceBundle): Body | null {
  const configuration = configurationIn(evidence);
  return Value.Check(Configuration, configuration) ? configuration.body : null;
}

/** Recorded before it was signed, so a payload that is a statement is one of its own verifier's. */
function statementOf({ gate: { bundle } }: EvidenceBundle): Statement {
  return JSON.parse(new TextDecoder().decode(fromBase64(bundle.attestations[0]?.dsseEnvelope.payload ?? "") ?? new Uint8Array())) as Statement;
}

function coreOf(evidence: EvidenceBundle, findings: KeptFindings | null, check: string | null): OutcomeCore {
  const { predicate: { verdict, identity } } = statementOf(evidence);
  return outcomeCore({ bundle: evidence.gate.bundle, verdict, merge_tree: identity.merge_tree, findings }, check);
}

const pick = (of: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> => Object.fromEntries(names.flatMap((name) => (of[name] === undefined ? [] : [[name, of[name]]])));

/** `tools`: commands and obligations that were the host's, and not the base's. */
function hostPart(body: Body | null, tools: { readonly commands: readonly string[]; readonly obligations: readonly string[] }, commands: boolean): HostPart {
  if (body === null) return { settings: {}, commands };
  const required = body.required.filter((name) => !name.startsWith("command.") && name !== "obligations");
  const mounts = pick(body.mounts, Object.keys(body.mounts).filter((name) => name !== SYSTEM_MOUNT));
  return {
    commands,
    settings: {
      ...pick(body, HOST_SETTINGS),
      required,
      ...(tools.commands.length === 0 ? {} : { commands: pick(body.commands, tools.commands) }),
      ...(tools.obligations.length === 0 ? {} : { obligations: pick(body.obligations, tools.obligations) }),
      ...(Object.keys(mounts).length === 0 ? {} : { mounts }),
    },
  };
}

const missing = (wanted: Readonly<Record<string, unknown>>, got: Readonly<Record<string, unknown>>): string[] => Object.keys(wanted).filter((name) => !Object.hasOwn(got, name));

/** A host's own commands cannot be told from the base's until the base was read: what a first run lacks was the host's. */
async function replayed(header: ReproHeader, objects: () => ReadableStream<Uint8Array>, commands: boolean): Promise<Replayed> {
  const wanted = bodyOf(header.evidence);
  const all = wanted === null || wanted.source !== "host" ? { commands: [], obligations: [] } : { commands: Object.keys(wanted.commands), obligations: Object.keys(wanted.obligations) };
  const first = await replayIn(header, objects, hostPart(wanted, all, commands));
  const got = bodyOf(first.evidence);
  if (wanted === null || got === null) return first;
  const lacking = { commands: missing(wanted.commands, got.commands), obligations: missing(wanted.obligations, got.obligations) };
  return lacking.commands.length + lacking.obligations.length === 0 ? first : replayIn(header, objects, hostPart(wanted, lacking, commands));
}

function differing(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((key) => !ITS_OWN.has(key) && canonicalText(a[key] ?? null) !== canonicalText(b[key] ?? null));
}

/** What was not as it was, in words. */
function otherwise(header: ReproHeader, evidence: EvidenceBundle, commands: boolean): string[] {
  const [before, after] = [statementOf(header.evidence).predicate, statementOf(evidence).predicate];
  const [wanted, got] = [bodyOf(header.evidence), bodyOf(evidence)];
  const keys = wanted === null || got === null ? [] : differing(wanted, got);
  const tools = header.tools.filter(({ run, sha256 }) => {
    const path = Bun.which(run[0] ?? "");
    return (path === null || !existsSync(path) ? null : sha256Hex(readFileSync(path))) !== sha256;
  });
  return [
    ...(wanted === null ? ["the configuration is not in the pack: this release's own and the base's were taken"] : []),
    ...keys.map((key) => `the configuration differs in ${key}`),
    ...(before.identity.policy === after.identity.policy ? [] : ["another policy: the recorded one is not in the pack"]),
    ...(before.identity.checks === after.identity.checks ? [] : [`checks of another release (${header.environment.maestro}), so they may find otherwise`]),
    ...(commands || header.tools.length === 0 ? [] : [`${header.tools.map(({ command }) => command).join(", ")} did not run: look at what they run, then give --commands`]),
    ...(commands ? tools.map(({ command, sha256 }) => `the program of ${command} ${sha256 === null ? "was not found where the pack was made" : "is another one here"}`) : []),
    ...((before.releases ?? []).length === 0 ? [] : ["people released what was held; releases are not replayed"]),
  ];
}

export interface ReplayOptions {
  /** Whether declared commands may run, in the sandbox. */
  readonly commands: boolean;
  /** Where the objects were left out: those of a clone. */
  readonly objects: (() => ReadableStream<Uint8Array>) | null;
  readonly evidence: ReproReply["evidence"];
}

export async function replay({ header, objects: packed }: ReadPack, options: ReplayOptions): Promise<ReproReply> {
  const objects = packed ?? options.objects;
  if (objects === null) throw new MaestroError("cli.usage", "the sources were left out of this pack; name a clone that has them with --repository");
  const { findings, evidence } = await replayed(header, objects, options.commands);
  const [recorded, now] = comparable(coreOf(header.evidence, header.findings, header.check), coreOf(evidence, findings, header.check));
  const [recorded_sha256, replayed_sha256] = [coreDigest(recorded), coreDigest(now)];
  const because = otherwise(header, evidence, options.commands);
  const outcome = recorded_sha256 === replayed_sha256 ? "same" : because.length > 0 ? "not_comparable" : "different";
  const verdict = { recorded: statementOf(header.evidence).predicate.verdict, replayed: statementOf(evidence).predicate.verdict };
  return { outcome, recorded_sha256, replayed_sha256, verdict, differences: differences(recorded, now).slice(0, DIFFERENCES_MAX), because, evidence: options.evidence };
}
