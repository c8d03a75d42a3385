/** The story of `maestro demo learn`: decisions are logged, a policy is fitted to half of them and judged by the other, and a change brings it in; or not. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, VERIFY_EXIT } from "../../../proto/errors.ts";
import type { RoutingPolicy } from "../../../proto/routing-policy.ts";
import { canonicalNumbers } from "../../../proto/canonical.ts";
import { locationsOf } from "../../../proto/locations.ts";
import { MaestroClient } from "../../client/maestro.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { startEmbedded } from "../embedded.ts";
import { decideAll, HOST, ROUTER } from "./routed.ts";
import type { Told } from "./play.ts";
import type { Stage } from "./stage.ts";

export const LEARN_STORY = { name: "learn", summary: "a policy is learned from logged decisions: held while the log cannot tell, admitted once it can; one that does harm is refused, one that goes where the log has not been is held" } as const;

const PATH = "routing/review.json";
const CONFIG = `version: 1\nlearned:\n  - path: ${PATH}\n    router: ${ROUTER}\n`;
/** Of 60,000 logs drawn by simulation one tells with so few; with 60 decisions one in 70 did. Of 3,500 none is silent with so many; with 1,320 one in 40 was. */
const FEW = 16;
const MANY = 4_000;
const WORD: Readonly<Record<number, string>> = { [EXIT.admit]: "admitted", [EXIT.refuse]: "refused", [EXIT.hold]: "held" };

type Verdict = "admit" | "hold" | "refuse";

export class LearnPlay {
  private readonly unexpected: string[] = [];
  private readonly evidence: string[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly say: (text: string) => void,
  ) {}

  private expect(what: string, holds: boolean): void {
    if (holds) return;
    this.unexpected.push(what);
    this.say(`\n  Not as told: ${what}.`);
  }

  private client(): MaestroClient {
    return new MaestroClient(locationsOf({ MAESTRO_STATE: this.stage.state }).socket_path);
  }

  private async set(): Promise<void> {
    const { stage } = this;
    this.say(`\n1. A scratch repository that declares one learned policy, and a daemon whose operator has one router.\n`);
    const config = join(stage.folder, "host.yaml");
    // JSON is YAML.
    writeFileSync(config, JSON.stringify(HOST));
    this.say(`$ maestrod --config ${escapeTerminal(config)} --state ${escapeTerminal(stage.state)} &`);
    const locations = locationsOf({ MAESTRO_STATE: stage.state });
    await startEmbedded(this.client(), { ...locations, host_config_path: config }, config);
    await stage.git(["init", "-q", "--template=", "."]);
    for (const setting of ["core.hooksPath /dev/null", "commit.gpgSign false", "user.name Maestro-demo", "user.email demo@example.org"]) await stage.git(["config", ...setting.split(" ")]);
    mkdirSync(join(stage.clone, "routing"));
    this.write("maestro.yaml", CONFIG);
    await this.commit("a router's policy is learned");
    await stage.git(["switch", "-qc", "base"]);
    await stage.git(["switch", "-qc", "change"]);
  }

  private write(path: string, text: string): void {
    writeFileSync(join(this.stage.clone, path), text);
    this.say(`  (writes ${path})`);
  }

  private async commit(message: string): Promise<void> {
    await this.stage.git(["add", "-A"]);
    await this.stage.git(["commit", "-qm", message]);
  }

  private async decided(requests: number): Promise<void> {
    this.say(`  (${requests} requests to POST /v1/route; what came of each to POST /v1/episodes/ID/outcome)`);
    await decideAll(this.client(), requests);
  }

  private async fitted(count_min: number): Promise<void> {
    const { stage } = this;
    const out = `../${stage.steps.length}.json`;
    const { code, stdout, stderr } = await stage.maestro(["learn", "fit", ROUTER, "--out", join(stage.folder, out.slice(3)), "--count-min", String(count_min)]);
    this.say(`${stdout}${stderr}`.trimEnd());
    this.expect("a policy was to be fitted", code === EXIT.admit);
    if (code === EXIT.admit) copyFileSync(join(stage.folder, out.slice(3)), join(stage.clone, PATH));
    this.say(`  (copies it to ${PATH})`);
  }

  private async gated(verdict: Verdict, rule: string | null, file: string): Promise<void> {
    const ran = await this.stage.maestro(["gate", "--embedded", "--target", "base", "--out", `../${file}`]);
    this.say(`\n${ran.stdout.trimEnd()}`);
    if (ran.stdout === "") this.say(ran.stderr.trimEnd());
    this.say(`(exit ${ran.code})`);
    this.expect(`the change was to be ${WORD[EXIT[verdict]]}${rule === null ? "" : ` by ${rule}`}`, ran.code === EXIT[verdict] && (rule === null || ran.stdout.includes(rule)));
    this.evidence.push(file);
  }

  /** The policy with another arm's mean as the best of every cell. */
  private favouring(best: (place: number) => string): void {
    const policy = JSON.parse(readFileSync(join(this.stage.clone, PATH), "utf8")) as RoutingPolicy;
    const cells = policy.cells.map((cell) => ({ ...cell, seen: ["large", "small", "deploy"].map((arm) => ({ arm, count: 1_000, mean: arm === best(cell.at[0] ?? 0) ? 1 : 0 })) }));
    this.write(PATH, `${canonicalNumbers({ ...policy, cells })}\n`);
  }

  private async stories(): Promise<void> {
    const { stage } = this;
    this.say(`\n2. ${FEW} decisions are logged. A policy is fitted to one half of them; the other half, which no fitting ever sees, judges it.\n`);
    await this.decided(FEW);
    await this.fitted(1);
    await this.commit("route by what was learned");
    await this.gated("hold", "learning.insufficient", "early.json");
    this.say(`\n3. The router goes on, and one is fitted to what is known by then.\n`);
    await this.decided(MANY);
    await this.fitted(30);
    await stage.git(["commit", "-qa", "--allow-empty", "-m", "route by what was learned since"]);
    await this.gated("admit", null, "admitted.json");
    await stage.git(["switch", "-q", "base"]);
    await stage.git(["merge", "-q", "--ff-only", "change"]);
    this.say(`\n4. Somebody has a better idea, and turns the table around. The log knows what the arms it names brought.\n`);
    await stage.git(["switch", "-qc", "harmful"]);
    this.favouring((kind) => (kind === 0 ? "small" : "large"));
    await this.commit("the other way round");
    await this.gated("refuse", "learning.rejected", "harmful.json");
    this.say(`\n5. And one sends everything to an arm that was never explored, because what it does cannot be undone. No number of decisions would tell.\n`);
    await stage.git(["switch", "-q", "base"]);
    await stage.git(["switch", "-qc", "nowhere"]);
    this.favouring(() => "deploy");
    await this.commit("deploy at once");
    await this.gated("hold", "learning.insufficient", "nowhere.json");
  }

  private async checked(): Promise<void> {
    const { stage, evidence } = this;
    this.say("\n6. Somebody else checks all of it: another folder, an environment of two words, and the daemon is gone.\n");
    await stage.stop();
    for (const file of evidence) copyFileSync(join(stage.folder, file), join(stage.elsewhere, file));
    copyFileSync(join(stage.state, "trust.json"), join(stage.elsewhere, "trust.json"));
    this.say(`$ cp ../*.json ../state/trust.json ${escapeTerminal(stage.elsewhere)}; cd ${escapeTerminal(stage.elsewhere)}`);
    for (const file of evidence) {
      const { code, stdout } = await stage.stranger(["verify", file, "--trust", "trust.json"]);
      this.say(`${stdout.trimEnd()}\n(exit ${code})`);
      this.expect(`the evidence in ${file} was to verify, with its evaluation`, code === VERIFY_EXIT.verified && stdout.includes("evaluation"));
    }
    this.say(`\n   And whoever rewrites the refusal of the harmful one into a promotion?\n\n$ sed 's/"verdict":"refuse"/"verdict":"admit"/' harmful.json > forged.json`);
    writeFileSync(join(stage.elsewhere, "forged.json"), readFileSync(join(stage.elsewhere, "harmful.json"), "utf8").replace('"verdict":"refuse"', '"verdict":"admit"'));
    const forged = await stage.stranger(["verify", "forged.json", "--trust", "trust.json"]);
    this.say(`${forged.stdout.trimEnd()}\n(exit ${forged.code})`);
    this.expect("the forged evidence was to fail", forged.code === VERIFY_EXIT.failed);
  }

  async tell(): Promise<Told> {
    await this.set();
    await this.stories();
    await this.checked();
    return { as_told: this.unexpected.length === 0, unexpected: this.unexpected };
  }
}
