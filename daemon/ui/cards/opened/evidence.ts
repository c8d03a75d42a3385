/** Verifies the evidence of an opened card where it stands, with the verifier page's own judge. What a trust file is worth depends on who gave it, so that is said above every verdict. */
import { Value } from "@sinclair/typebox/value";
import { BundleReply } from "../../../../proto/feed.ts";
import { EvidenceBundleReply } from "../../../../proto/evidence-bundle.ts";
import { canonicalBytes } from "../../../../proto/canonical.ts";
import type { Card } from "../../../../proto/card.ts";
import { equalBytes, fromBase64 } from "../../../../proto/encoding.ts";
import { TrustReply } from "../../../../proto/api.ts";
import type { PageElement, PageInput, PageScrolled } from "../../page/dom.ts";
import { h } from "../../page/element.ts";
import type { Live } from "../../page/live.ts";
import { drawSteps, drawVerdict } from "../../verifier/draw.ts";
import type { Answer } from "../../verifier/answer.ts";
import type { Ask } from "../../verifier/asking.ts";
import { kindIn } from "../../verifier/inputs.ts";
import { visible } from "../../../verifier/visible.ts";
import { button, part, said } from "./pieces.ts";
import { wantedOf } from "./place.ts";
import { gatePath, type TakeApart, type Whole } from "./whole.ts";

/** Whose trust file the evidence is held against. */
type Whose = "reader" | "daemon";

const ABOUT: Readonly<Record<Whose, string>> = {
  reader: "Judged with the trust file that you gave. What it proves, it proves as far as that file is the operator's.",
  daemon: "The daemon's own word: the evidence was held against the trust file of the daemon that made it. That shows no mistake and no damage, and proves nothing to somebody who does not trust the daemon already.",
};

type Bytes = { readonly blob: Blob; readonly name?: string } | { readonly said: string };

/** Bytes of a reply's field in base64. */
function blobOf(text: string): Bytes {
  const bytes = fromBase64(text);
  return bytes === null ? { said: "what came is not base64" } : { blob: new Blob([bytes.slice()]) };
}

const OTHER_FORM = "what came has a form that this page does not read; open it with the page of that Maestro";

async function liveEvidence(live: Live, { gate_id, attempt }: { readonly gate_id: string; readonly attempt: number }): Promise<Bytes> {
  const answer = await live.daemon<unknown>(gatePath(gate_id, "/bundle"));
  if (!answer.ok) return { said: answer.failure.said };
  if (!Value.Check(BundleReply, answer.value)) return { said: OTHER_FORM };
  // Another attempt's evidence proves nothing of the card that is open.
  if (answer.value.attempt !== attempt) return { said: `the daemon has attempt ${answer.value.attempt} by now, and this card is of attempt ${attempt}; open the newer card` };
  return blobOf(answer.value.bundle);
}

async function liveTrust(live: Live): Promise<Bytes> {
  const answer = await live.daemon<unknown>("/v1/trust");
  if (!answer.ok) return { said: answer.failure.said };
  return Value.Check(TrustReply, answer.value) ? blobOf(answer.value.trust) : { said: OTHER_FORM };
}

async function liveWhole(live: Live, gate_id: string): Promise<Bytes> {
  const answer = await live.daemon<unknown>(gatePath(gate_id, "/evidence"));
  if (!answer.ok) return { said: answer.failure.said };
  return Value.Check(EvidenceBundleReply, answer.value) ? blobOf(answer.value.content) : { said: OTHER_FORM };
}

/** A link that the browser saves under this name; its bytes are the page's own. */
function saved(name: string, blob: Blob): void {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
}

const fileName = (gate_id: string, attempt: number, what: string): string => `${gate_id.replaceAll(/[^A-Za-z0-9]+/g, "-").slice(0, 24)}-${attempt}.${what}.json`;

type Shown = Pick<Answer, "verdict" | "headline" | "reasons" | "remarks" | "steps">;

/**
 * What a verdict over evidence says of the card that is open: who serves the page could hand out one card and the evidence of another.
 * `held` is the card in the evidence.
 */
export function ofThisCard(answer: Shown, whose: Whose, shown: Card | null, held: Card | null): Shown {
  if (answer.verdict !== "verified") return answer;
  if (shown === null || held === null) return { ...answer, verdict: "not_judged", headline: "NOT PROVED OF THIS CARD  the evidence is sound, and there is no whole card of this attempt in it, or here, to compare" };
  if (!equalBytes(canonicalBytes(shown), canonicalBytes(held))) return { ...answer, verdict: "failed", headline: "FAILED  the evidence is sound, but the card that is open is not the one in it", remarks: [answer.headline, ...answer.remarks] };
  // The word VERIFIED above what the daemon says of itself would be read without the sentence over it.
  return whose === "daemon" ? { ...answer, verdict: "unknown_signer", headline: answer.headline.replace(/^VERIFIED offline/, "SOUND BY THE DAEMON'S OWN WORD") } : answer;
}

/** Advice for the command line is none for a page. */
const forPage = (answer: Shown): Shown => ({ ...answer, headline: answer.headline.replace(/ with --trust$/, "") });

/** A file that cannot be read any more is for the judge to name. */
async function isTrust(blob: Blob): Promise<boolean> {
  try {
    return (await kindIn(blob)) === "trust";
  } catch (cause) {
    if (cause instanceof Error) return true;
    throw cause;
  }
}

/** A file that cannot be read any more has no card to compare, and the judge has said so. */
function lost(cause: unknown): null {
  if (cause instanceof Error) return null;
  throw cause;
}

const JUDGING = { verdict: "waiting", headline: "Judging…", reasons: [], remarks: [] } as const;
let asked = 0;

/** What takes seconds for a large file, and so is done away from the page. */
export interface Workers {
  readonly judge: () => Ask;
  readonly takeApart: TakeApart;
}

class Panel {
  private readonly above = h("p", { class: "hint" });
  private readonly verdict = h("div", { class: "verdict absent", role: "status" });
  /** Which file the field's own line would name, if it did not forget it so that the same file can be given twice. */
  readonly used = h("p", { class: "hint", id: "card-trust-used", role: "status" });
  private readonly steps = h("ol", { class: "steps" });
  private readonly result = h("div", {}, this.above, this.verdict, h("details", {}, h("summary", {}, "What was asked, and what it means"), this.steps));
  private turn = 0;

  constructor(private readonly whole: Pick<Whole, "card" | "row">, private readonly evidence: () => Promise<Bytes>, private readonly workers: Workers) {
    this.result.hidden = true;
  }

  get element(): PageElement {
    return this.result;
  }

  private show(about: string, answer: Shown): void {
    this.result.hidden = false;
    this.above.replaceChildren(about);
    drawVerdict(this.verdict, answer);
    drawSteps(this.steps, answer.steps);
    this.result.dataset["verdict"] = answer.verdict;
    (this.verdict as PageScrolled).scrollIntoView({ block: "nearest" });
  }

  private failed(about: string, because: string): void {
    this.show(about, { verdict: "failed", headline: `NOT VERIFIED  ${because}`, reasons: [], remarks: [], steps: [] });
  }

  async verify(whose: Whose, trust: () => Promise<Bytes>): Promise<void> {
    const turn = ++this.turn;
    this.used.replaceChildren();
    this.show(ABOUT[whose], { ...JUDGING, steps: [] });
    const [evidence, key] = await Promise.all([this.evidence(), trust()]);
    if (turn !== this.turn) return;
    if ("said" in evidence) return this.failed(ABOUT[whose], `there is no evidence to judge: ${evidence.said}`);
    if ("said" in key) return this.failed(ABOUT[whose], `there is no trust file: ${key.said}`);
    const name = key.name ?? "trust file";
    if (whose === "reader" && !(await isTrust(key.blob))) {
      if (turn === this.turn) this.show("", { verdict: "not_judged", headline: `NOT CHECKED  ${visible(name)} is no trust file`, reasons: [], remarks: [], steps: [] });
      return;
    }
    if (turn !== this.turn) return;
    if (whose === "reader") this.used.replaceChildren("Used: ", said(name));
    const { answer } = await this.workers.judge()({ id: ++asked, files: [{ name: "evidence", blob: evidence.blob }, { name, blob: key.blob }], now_ms: Date.now() });
    const held = await this.workers.takeApart(evidence.blob, wantedOf(this.whole.row)).catch(lost);
    if (turn !== this.turn) return;
    if (held === "given up") return this.failed(ABOUT[whose], "taking the evidence apart was given up, so whether it is of this card nobody can say");
    this.show(ABOUT[whose], ofThisCard(forPage(answer), whose, this.whole.card, held?.card ?? null));
  }
}

function trustInput(panel: Panel): PageElement {
  const input = h("input", { id: "card-trust", type: "file", "aria-describedby": "card-trust-hint" }) as PageInput;
  input.addEventListener("change", () => {
    const [file] = [...(input.files ?? [])];
    if (file !== undefined) void panel.verify("reader", () => Promise.resolve({ blob: file, name: file.name }));
    input.value = "";
  });
  return h("div", {}, h("label", { for: "card-trust" }, "Verify with the operator's trust file"), input, panel.used, h("p", { class: "hint", id: "card-trust-hint" }, "The file that the operator published, from the operator: evidence cannot vouch for itself."));
}

/** Nothing to verify is said, too. */
export function evidencePart({ card, row, evidence, proof }: Whole, live: Live | null, workers: Workers): PageElement {
  const { gate_id } = row;
  const about = proof === null ? [] : [h("p", {}, "Log entry ", String(proof.log_index), " of ", said(proof.log_origin), ", bundle sha256 ", h("code", {}, proof.bundle_sha256), proof.self_made_trust ? "; signed under a self-made trust file: proves integrity, not authority" : "")];
  if (gate_id === null) return part("evidence", "Evidence", h("p", { class: "hint" }, "None: a replay leaves no evidence."));
  const of = { gate_id, attempt: row.attempt };
  if (evidence === null && (live === null || row.origin.kind !== "live")) return part("evidence", "Evidence", ...about, h("p", { class: "hint" }, "This card came without its evidence, so nothing of it is proved. Drop the evidence bundle onto this page."));
  const panel = new Panel({ card, row }, async () => (evidence !== null ? { blob: evidence } : live === null ? { said: "nothing is connected" } : liveEvidence(live, of)), workers);
  const note = h("p", { class: "hint", role: "status" });
  const save = async (name: string, bytes: Promise<Bytes>): Promise<void> => {
    const got = await bytes;
    if ("said" in got) note.replaceChildren(said(got.said));
    else saved(name, got.blob);
  };
  const actions = [
    ...(live === null || row.origin.kind !== "live" ? [] : [button("Hold it against the daemon's own trust file", () => void panel.verify("daemon", () => liveTrust(live)))]),
    ...(evidence !== null ? [button("Save the evidence", () => saved(fileName(gate_id, row.attempt, "evidence"), evidence))] : []),
    ...(evidence === null && live !== null ? [button("Save the evidence bundle", () => void save(fileName(gate_id, row.attempt, "bundle"), liveEvidence(live, of))), button("Save everything for an auditor", () => void save(fileName(gate_id, row.attempt, "evidence"), liveWhole(live, gate_id)))] : []),
  ];
  const unproved = card === null ? [] : [h("p", { class: "hint" }, "Until it is verified, everything above is what the card says of itself.")];
  return part("evidence", "Evidence", ...about, ...unproved, trustInput(panel), h("div", { class: "actions" }, ...actions), note, panel.element);
}
