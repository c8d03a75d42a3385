/** The story of `maestro demo`: break, be stopped, mend, be admitted, and have a stranger check it. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXIT, VERIFY_EXIT } from "../../../proto/errors.ts";
import { escapeTerminal } from "../card/escape/terminal.ts";
import { applyFixes } from "./fixes.ts";
import type { Scenario } from "./scenarios.ts";
import type { Ran, Stage } from "./stage.ts";

const BASE = "maestro-demo-base";
const CHANGE = "maestro-demo-change";
const STOPPED = "stopped.json";
const ADMITTED = "admitted.json";
/** Hooks and signatures of the user stay out of it; what follows are plain commands that anybody can type in the clone. */
const SETTINGS = ["core.hooksPath=/dev/null", "commit.gpgSign=false", "user.name=Maestro demo", "user.email=demo@example.org"].flatMap((setting) => ["-c", setting]);
const SAMPLE = { "README.md": "# Sample\n\nMade by maestro demo.\n", "src/greeting.ts": 'export const greeting = "hello";\n' };

const paragraphs = (message: readonly string[]): string[] => message.flatMap((paragraph) => ["-m", paragraph]);

export interface Told {
  /** Whether every step ended as the story says it must. */
  readonly as_told: boolean;
  readonly unexpected: readonly string[];
}

export class Play {
  private readonly unexpected: string[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly scenario: Scenario,
    private readonly say: (text: string) => void,
  ) {}

  private expect(what: string, holds: boolean): void {
    if (holds) return;
    this.unexpected.push(what);
    this.say(`\n  Not as told: ${what}.`);
  }

  private write(files: Readonly<Record<string, string | null>>): void {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.stage.clone, path);
      mkdirSync(dirname(file), { recursive: true });
      if (content === null) rmSync(file);
      else writeFileSync(file, content);
      this.say(content === null ? `  (deletes ${path})` : `  (writes ${path})`);
    }
  }

  /** `repository` is null where the user stands in none: then a sample is made, as for a story that needs one of its own. */
  private async set(repository: string | null): Promise<void> {
    const { stage, scenario: { sample, tried = [] } } = this;
    const own = sample === undefined && repository !== null;
    this.say(`\n1. A scratch ${own ? "clone" : "repository"}${sample !== undefined ? " that this story needs" : own ? "" : ", because this folder is in no repository with a commit"}. Your own repository is ${own ? "read once and " : ""}not written.\n`);
    if (!own) {
      await stage.git(["init", "-q", "--template=", "."]);
      for (const setting of SETTINGS.filter((one) => one !== "-c")) await stage.git(["config", ...setting.split(/=(.*)/s).slice(0, 2)]);
      this.write(sample ?? SAMPLE);
      await stage.git(["add", "-A"]);
      await stage.git(["commit", "-qm", "sample"]);
    } else {
      await stage.git(["clone", "-q", "--depth", "1", "--single-branch", "--no-tags", "--template=", ...SETTINGS, "--", Bun.pathToFileURL(repository).href, stage.clone], stage.folder);
      await stage.git(["remote", "remove", "origin"]);
    }
    this.say(`$ cd ${escapeTerminal(stage.clone)}`);
    this.say(`$ export MAESTRO_STATE=${escapeTerminal(stage.state)}`);
    await stage.git(["switch", "-qc", BASE]);
    await stage.git(["switch", "-qc", CHANGE]);
    for (const args of tried) {
      const { code, stdout, stderr } = await stage.maestro(args);
      this.say([stdout, stderr].map((text) => text.trimEnd()).filter((text) => text !== "").join("\n"));
      this.expect(`maestro ${args.join(" ")} was to find nothing wrong; maestro doctor says what this machine lacks`, code === EXIT.admit);
    }
  }

  private async commit(args: readonly string[]): Promise<void> {
    await this.stage.git(["add", "-A", "--force"]);
    await this.stage.git(["commit", "-q", ...args]);
  }

  private async gate(evidence: string): Promise<Ran> {
    const ran = await this.stage.maestro(["gate", "--embedded", "--target", BASE, "--out", `../${evidence}`, "--sarif", "../findings.sarif"]);
    this.say(`\n${ran.stdout.trimEnd()}`);
    if (ran.stdout === "") this.say(ran.stderr.trimEnd());
    this.say(`(exit ${ran.code})`);
    return ran;
  }

  private async broken(): Promise<void> {
    const { scenario } = this;
    const { verdict, rule } = scenario.expects;
    this.say(`\n2. Something goes wrong. ${scenario.story}\n`);
    this.write(scenario.files());
    await this.commit(paragraphs(scenario.message));
    const { code, stdout } = await this.gate(STOPPED);
    this.expect(`the change was to be ${verdict === "refuse" ? "refused" : "held"} by ${rule}`, code === EXIT[verdict] && stdout.includes(rule));
  }

  private async mended(): Promise<void> {
    const { stage, scenario: { mend, files, expects } } = this;
    if (mend.how === "from-finding") {
      this.say("\n3. The finding brings its own fix, known to the letter: it is in findings.sarif, where an editor or an agent can take it from.\n");
      const edits = applyFixes(join(stage.folder, "findings.sarif"), expects.rule, stage.clone, Object.keys(files()));
      for (const { path, line, before, after } of edits) this.say(`  ${escapeTerminal(path)}:${line}\n  - ${escapeTerminal(before)}\n  + ${escapeTerminal(after)}`);
      this.expect("the finding was to bring an exact fix", edits.length > 0);
      await this.commit(["--allow-empty", ...paragraphs(mend.message)]);
    } else {
      this.say(`\n3. ${mend.story}\n`);
      this.write(mend.files);
      await this.commit(["--amend", "--no-edit"]);
    }
    const { code } = await this.gate(ADMITTED);
    this.expect("the mended change was to be admitted; a maestro.yaml in your repository may ask for more", code === EXIT.admit);
  }

  private async checked(): Promise<void> {
    const { stage } = this;
    const { verdict } = this.scenario.expects;
    this.say("\n4. Somebody else checks it: another folder with three files in it, an environment of two words, and the daemon is gone.\n");
    await stage.stop();
    this.say(`$ cp ../${ADMITTED} ../${STOPPED} ../state/trust.json ${escapeTerminal(stage.elsewhere)}; cd ${escapeTerminal(stage.elsewhere)}`);
    for (const file of [ADMITTED, STOPPED]) copyFileSync(join(stage.folder, file), join(stage.elsewhere, file));
    copyFileSync(join(stage.state, "trust.json"), join(stage.elsewhere, "trust.json"));
    const sound = await this.verify(ADMITTED, "VERIFIED");
    this.expect("the evidence was to verify", sound === VERIFY_EXIT.verified);
    this.say(`\n   And whoever rewrites the evidence of the stopped change into an admit?\n\n$ sed 's/"verdict":"${verdict}"/"verdict":"admit"/' ${STOPPED} > forged.json`);
    const stopped = readFileSync(join(stage.elsewhere, STOPPED), "utf8");
    writeFileSync(join(stage.elsewhere, "forged.json"), stopped.replace(`"verdict":"${verdict}"`, '"verdict":"admit"'));
    const forged = await this.verify("forged.json", "FAILED");
    this.expect("the forged evidence was to fail", stopped.includes(`"verdict":"${verdict}"`) && forged === VERIFY_EXIT.failed);
  }

  private async verify(file: string, word: string): Promise<number> {
    const { code, stdout } = await this.stage.stranger(["verify", file, "--trust", "trust.json"]);
    this.say(`${stdout.trimEnd()}\n(exit ${code})`);
    return stdout.startsWith(word) ? code : VERIFY_EXIT.usage;
  }

  async tell(repository: string | null): Promise<Told> {
    await this.set(repository);
    await this.broken();
    await this.mended();
    await this.checked();
    return { as_told: this.unexpected.length === 0, unexpected: this.unexpected };
  }
}
