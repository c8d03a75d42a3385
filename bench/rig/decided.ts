/** A history that somebody may look at: a dozen changes of one repository, of every verdict, one of them released by a person. */
import type { CiHost } from "../../daemon/e2e/testing/ci-host.ts";
import { CI_USER, giveToUser } from "../../daemon/e2e/testing/users.ts";
import { oneDocument, type GateDocument } from "../../daemon/e2e/testing/world.ts";
import { CHANGES, type Verdict } from "./decided-changes.ts";

const EXITS: Readonly<Record<number, Verdict>> = { 0: "admit", 1: "refuse", 3: "hold" };

/** Every change is gated, the oldest first; throws where one is judged otherwise than it is meant to be. */
export async function decide(host: CiHost): Promise<void> {
  const source = await host.world.repository({ "src/money.ts": "export const cents = (text: string): number => Math.round(Number(text) * 100);\n", "package.json": '{ "name": "ledger", "version": "1.4.0" }\n', ".github/workflows/test.yml": "on: push\njobs:\n  test: { runs-on: ubuntu-24.04 }\n" }, `home-${CI_USER}/ledger`);
  for (const { name, files, message } of CHANGES) {
    source.git("switch", "-q", "-c", name, "main");
    await source.commit(files, message);
  }
  giveToUser(source.path, CI_USER);
  const to_release: { readonly name: string; readonly gate_id: string }[] = [];
  for (const { name, verdict, released = false } of CHANGES) {
    const ran = await host.gate(source.path, "--head", name);
    if (EXITS[ran.code] !== verdict) throw new Error(`${name} was to be ${verdict} and ended with ${ran.code}: ${ran.stdout.slice(0, 2000)} ${ran.stderr}`);
    if (released) to_release.push({ name, gate_id: (oneDocument(ran) as GateDocument).gate_id });
  }
  // After all of them, so that it is the newest.
  for (const { name, gate_id } of to_release) {
    const ran = await host.users.run(CI_USER, ["approve", gate_id, "--key", host.key, "--reason", "read it line by line", "--json"]);
    if (ran.code !== 0) throw new Error(`${name} was not released: ${ran.code} ${ran.stdout} ${ran.stderr}`);
  }
}
