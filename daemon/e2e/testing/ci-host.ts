/** A host that gates what its build user changes: carol releases with a key that asks for her, and whoever is named beside her as the user they are. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KeyRing } from "../../testing/ssh.ts";
import { ServedUi } from "./served.ts";
import { CI_USER, giveToUser, Users } from "./users.ts";
import { AGENT, oneDocument, unfolded, World, type GateDocument, type Ran } from "./world.ts";

export class CiHost implements AsyncDisposable {
  readonly world = new World();
  readonly users: Users;
  private readonly keys = new KeyRing();
  private readonly carol = this.keys.make("carol");
  private key_ = "";

  constructor(private readonly approvers: Readonly<Record<string, number>> = {}) {
    this.users = new Users(this.world, [CI_USER, ...Object.values(approvers)]);
  }

  /** Starts the daemon, or starts it again where it was stopped. */
  async start(): Promise<void> {
    const config = this.world.path("maestrod.yaml");
    const sockets = `sockets:\n  - { path: ${this.users.socket_path}, role: gate, mode: "0666" }\n  - { path: ${this.world.socket_path}, role: admin }\n`;
    const people = Object.entries(this.approvers).map(([id, uid]) => `  - { id: ${id}, uids: [${uid}], may: [approve] }\n`).join("");
    writeFileSync(config, `version: 1\ntrust_domain: ci.example.org\nmodes: [local]\ntenants: [{ id: ci, uids: [${CI_USER}] }]\n${sockets}people:\n${people}  - { id: carol, ssh_keys: ["${this.carol}"], presence: passphrase, may: [approve] }\n`, { mode: 0o644 });
    await this.world.daemon(["--config", config]);
    if (this.key_ === "") this.key_ = await this.users.give(CI_USER, this.keys.folder, "carol");
  }

  /** Carol's, with its passphrase, in the build user's home. */
  get key(): string {
    return this.key_;
  }

  get trust(): string {
    return join(this.world.state_dir, "trust.json");
  }

  /** Gates a repository of the build user's, which must have been given to it. */
  gate(path: string, ...more: readonly string[]): Promise<Ran> {
    return this.users.run(CI_USER, ["gate", path, "--target", "main", "--json", ...more]);
  }

  /** A change of an agent's that edits CI: held, with a finding in a file. */
  async held(name: string): Promise<GateDocument> {
    const source = await this.world.repository({ "a.ts": "export const a = 1;\n", ".github/workflows/t.yml": "on: push\njobs: {}\n" }, `home-${CI_USER}/${name}`);
    source.git("switch", "-qc", "change");
    await source.commit({ ".github/workflows/t.yml": "on: push\njobs: {a: {}}\n" }, AGENT);
    giveToUser(source.path, CI_USER);
    const ran = await this.gate(source.path);
    if (ran.code !== 3) throw new Error(`expected a hold: ${ran.code} ${ran.stdout} ${ran.stderr}`);
    return oneDocument(ran) as GateDocument;
  }

  /** The page of cards, where carol's key signs. */
  ui(): ServedUi {
    return new ServedUi(this.users.start(CI_USER, ["ui", "cards", "--key", this.key]));
  }

  /** What `maestro verify` says of the evidence that this user keeps, under the node's trust file. */
  async verified(uid = CI_USER): Promise<string> {
    const trust = this.world.path("trust-copy.json");
    writeFileSync(trust, readFileSync(this.trust));
    chmodSync(trust, 0o644);
    const folder = join(this.users.home(uid), "state/maestro/bundles");
    const bundles = readdirSync(folder).filter((file) => file.endsWith(".json")).map((file) => join(folder, file));
    const said = await Promise.all(bundles.map(async (bundle) => unfolded(await this.users.run(uid, ["verify", bundle, "--trust", trust]))));
    return said.filter(({ code }) => code === 0).map(({ stdout }) => stdout).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world.dispose();
    this.keys[Symbol.dispose]();
  }
}
