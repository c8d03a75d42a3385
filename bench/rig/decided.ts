/** A daemon with a history that somebody may look at: a dozen changes of one repository, of every verdict, one of them released by a person. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { oneDocument, World, type GateDocument } from "../../daemon/e2e/testing/world.ts";
import { ServedUi } from "../../daemon/e2e/testing/served.ts";
import { CI_USER, giveToUser, Users } from "../../daemon/e2e/testing/users.ts";
import { KeyRing } from "../../daemon/testing/ssh.ts";
import { Source } from "../../daemon/platform/git/testing/scratch.ts";
import type { Verdict } from "./decided-changes.ts";
import { CHANGES } from "./decided-changes.ts";

const EXITS: Readonly<Record<number, Verdict>> = { 0: "admit", 1: "refuse", 3: "hold" };

/** The build user whose changes it gates and whose page it is, and carol, who releases with a key that asks for her. */
export class Decided implements AsyncDisposable {
  readonly world = new World();
  private readonly users = new Users(this.world, [CI_USER]);
  private readonly keys = new KeyRing();
  private readonly carol = this.keys.make("carol");
  private key = "";
  /** By name of the change. */
  readonly gates = new Map<string, GateDocument>();

  /** Starts the daemon, or starts it again where it was stopped. */
  async start(): Promise<void> {
    const config = this.world.path("maestrod.yaml");
    const sockets = `sockets:\n  - { path: ${this.users.socket_path}, role: gate, mode: "0666" }\n  - { path: ${this.world.socket_path}, role: admin }\n`;
    writeFileSync(config, `version: 1\ntrust_domain: ci.example.org\nmodes: [local]\ntenants: [{ id: ci, uids: [${CI_USER}] }]\n${sockets}people:\n  - { id: carol, ssh_keys: ["${this.carol}"], presence: passphrase, may: [approve] }\n`, { mode: 0o644 });
    await this.world.daemon(["--config", config]);
    if (this.key === "") this.key = await this.users.give(CI_USER, this.keys.folder, "carol");
  }

  /** Every change is gated, the oldest first; throws where one is judged otherwise than it is meant to be. */
  async decide(): Promise<void> {
    const path = this.world.path(`home-${CI_USER}/ledger`);
    mkdirSync(path);
    const source = new Source(path);
    source.git("init", "-q", "--template=", "-b", "main");
    await source.commit({ "src/money.ts": "export const cents = (text: string): number => Math.round(Number(text) * 100);\n", "package.json": '{ "name": "ledger", "version": "1.4.0" }\n', ".github/workflows/test.yml": "on: push\njobs:\n  test: { runs-on: ubuntu-24.04 }\n" }, "first");
    for (const { name, files, message } of CHANGES) {
      source.git("switch", "-q", "-c", name, "main");
      await source.commit(files, message);
    }
    giveToUser(path, CI_USER);
    for (const { name, verdict } of CHANGES) {
      const ran = await this.users.run(CI_USER, ["gate", path, "--target", "main", "--head", name, "--json"]);
      if (EXITS[ran.code] !== verdict) throw new Error(`${name} was to be ${verdict} and ended with ${ran.code}: ${ran.stdout.slice(0, 2000)} ${ran.stderr}`);
      this.gates.set(name, oneDocument(ran) as GateDocument);
    }
    const released = CHANGES.find(({ released: by }) => by)?.name ?? "";
    const ran = await this.users.run(CI_USER, ["approve", this.gate(released).gate_id, "--key", this.key, "--reason", "read it line by line", "--json"]);
    if (ran.code !== 0) throw new Error(`${released} was not released: ${ran.code} ${ran.stdout} ${ran.stderr}`);
  }

  gate(name: string): GateDocument {
    const found = this.gates.get(name);
    if (found === undefined) throw new RangeError(`no change ${name}`);
    return found;
  }

  get trust(): string {
    return join(this.world.state_dir, "trust.json");
  }

  ui(): ServedUi {
    return new ServedUi(this.users.start(CI_USER, ["ui", "cards", "--key", this.key]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world.dispose();
    this.keys[Symbol.dispose]();
  }
}
