/** People, a change that holds, and the steps of a release, for tests: the core is real, the peers are numbers. */
import type { HostConfig } from "../../../../proto/config.ts";
import type { GateResult } from "../../../../proto/api.ts";
import type { ReleaseAsk, ReleaseOffer } from "../../../../proto/release-api.ts";
import { UID, World } from "../../../testing/core.ts";
import { FakeSecurityKey } from "../../../testing/ssh.ts";
import { ownUser, tenant } from "../../../testing/tenants.ts";
import type { Source } from "../../../platform/git/testing/scratch.ts";
import { canonicalText } from "../../../../proto/canonical.ts";

export const ALICE = 2001;
export const BOB = 2002;
export const AGENT_MESSAGE = "a change\n\nCo-Authored-By: Claude <noreply@anthropic.com>";
const never = new AbortController().signal;
/** Process 1 has no agent above it, whoever runs the tests. */
export const peer = (uid: number, pid = 1) => ({ uid, gid: uid, groups: [], pid });

export interface Held {
  readonly result: GateResult;
  readonly source: Source;
  readonly base: string;
  readonly head: string;
}

export class Releasing implements AsyncDisposable {
  readonly key = new FakeSecurityKey();
  world!: World;
  private serial = 0;

  static async open(config: Partial<HostConfig> = {}): Promise<Releasing> {
    const one = new Releasing();
    const people: NonNullable<HostConfig["people"]> = [
      { id: "alice", uids: [ALICE], emails: ["alice@example.org"], logins: ["alice-gh"], may: ["approve", "override"] },
      { id: "bob", uids: [BOB], logins: ["bob-gh"], may: ["approve", "override"] },
      { id: "carol", ssh_keys: [one.key.line], emails: ["carol@example.org"], may: ["approve", "override"] },
      { id: "dave", uids: [2004], may: ["approve"] },
    ];
    one.world = await World.open({ people, groups: { payments: ["alice", "bob"], "@acme/pay": ["bob", "carol"] }, ...config });
    return one;
  }

  /** A repository with a base of these files, as nobody has gated it yet. */
  async base(files: Record<string, string> = {}): Promise<{ source: Source; base: string }> {
    const source = this.world.scratch.source(`source${this.serial++}`);
    // No two changes of one test file have one commit: a person names them by it.
    return { source, base: await source.commit({ serial: `${this.serial}\n`, "src/a.ts": "export const a = 1;\n", ".github/workflows/test.yml": "on: push\njobs: {}\n", ...files }, "base") };
  }

  async gate(source: Source, base: string, head: string, owner = ownUser(UID), more: readonly string[] = []): Promise<GateResult> {
    const intake = await this.world.received(source, [base, head, ...more], source.path.split("/").at(-1), owner);
    return this.world.gate(intake, { target_ref: "refs/heads/main", target: base, head });
  }

  /** An agent's change of CI, which holds. */
  async held(change: Record<string, string> = { ".github/workflows/test.yml": "on: push\njobs: {a: {}}\n" }, message = AGENT_MESSAGE, files: Record<string, string> = {}): Promise<Held> {
    const { source, base } = await this.base(files);
    const head = await source.commit(change, message);
    return { result: await this.gate(source, base, head), source, base, head };
  }

  ask(gate: string, more: Partial<ReleaseAsk> = {}, uid = ALICE, pid = 1): Promise<ReleaseOffer> {
    // What the socket hands on for a person in no tenant: somebody without a verb, who sees nothing by themselves.
    return this.world.core.releaser.ask(tenant("nobody", uid), peer(uid, pid), { gate, kind: "approve", reason: "looked at it", ...more });
  }

  async answer(offer: ReleaseOffer, uid = ALICE, signature?: string): Promise<GateResult> {
    return (await this.world.core.releaser.answer(peer(uid), { nonce: offer.request.nonce, ...(signature === undefined ? {} : { signature }) }, () => undefined, never)).result;
  }

  /** By the kernel's word on the user. */
  async release(gate: string, uid = ALICE, more: Partial<ReleaseAsk> = {}): Promise<GateResult> {
    return this.answer(await this.ask(gate, more, uid), uid);
  }

  /** Asked as whoever submitted the change, signed by carol's key. */
  async askCarol(gate: string, more: Partial<ReleaseAsk> = {}): Promise<ReleaseOffer> {
    return this.world.core.releaser.ask(ownUser(UID), peer(UID), { gate, kind: "approve", reason: "looked at it", public_key: this.key.line, ...more });
  }

  sign(offer: ReleaseOffer, options: Parameters<FakeSecurityKey["sign"]>[1] = {}): string {
    return this.key.sign(canonicalText(offer.request), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.world[Symbol.asyncDispose]();
  }
}

/** Rules that decided. */
export const deciding = ({ card }: Pick<GateResult, "card">): string[] => [...new Set(card.reasons.filter(({ effect, observed }) => effect !== "note" && !observed).map(({ rule }) => rule))].sort();
