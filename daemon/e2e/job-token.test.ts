/** A CI job's own token in mode host: the issuer's key is pinned in a file, the remote says the base, and the token speaks for one commit into one branch. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Source } from "../platform/git/testing/scratch.ts";
import { CiSystem } from "../tenants/testing/issuer.ts";
import { Operated, ROW } from "./testing/operated.ts";
import { oneDocument, type GateDocument, type Ran } from "./testing/world.ts";

setDefaultTimeout(120_000);
const ci = new CiSystem(Math.floor(Date.now() / 1000));
const HOSTED = "acme/app-on-the-code-host";
let operated: Operated;
let clone: Source;
let head: string;
let tokens = 0;

beforeAll(async () => {
  operated = await Operated.start();
  const { world, upstream } = operated;
  await operated.stop();
  writeFileSync(world.path("jwks.json"), ci.jwks());
  upstream.git("push", "-q", "origin", "HEAD:refs/heads/release");
  await operated.daemon({
    modes: "[host]",
    row: { target_refs: "[refs/heads/main, refs/heads/release]" },
    more: `tenants:\n- {id: jobs, uids: [${process.getuid?.()}]}\noidc:\n- {issuer: "https://ci.example.org", audience: maestro, jwks_file: ${world.path("jwks.json")}, tenant: jobs, repositories: [{claim: ${HOSTED}, id: ${ROW}}]}\n`,
  });
  clone = await operated.clone("job");
  head = clone.git("rev-parse", "HEAD");
});
afterAll(() => operated[Symbol.asyncDispose]());

/** What a job of a merge request into main is given. */
const claims = (more: Readonly<Record<string, unknown>> = {}) => ({ repository: HOSTED, sha: head, ref: "refs/pull/7/merge", base_ref: "main", ...more });

function withToken(token: string): { readonly env: Readonly<Record<string, string>> } {
  const path = operated.world.path(`job-${tokens++}.token`);
  writeFileSync(path, token, { mode: 0o600 });
  return { env: { MAESTRO_TOKEN_FILE: path } };
}

const gate = (token: string, args: readonly string[] = []): Promise<Ran> => operated.world.run(["gate", clone.path, "--json", ...args], withToken(token));
const logged = async (): Promise<number> => (await operated.world.status()).log.size;

test("the change the token names is gated under the operator's row, and the operator's trust file verifies it", async () => {
  const ran = await gate(ci.token(claims()));
  expect(ran.stderr).toContain(`${ROW} of the host's table, mode host`);
  const { card, bundle } = oneDocument(ran) as GateDocument;
  expect({ code: ran.code, mode: card.mode, repository: card.repository, head: card.head, base: card.base }).toEqual({ code: 0, mode: "host", repository: ROW, head, base: operated.upstream.git("rev-parse", "HEAD") });
  expect(oneDocument(await operated.world.run(["verify", bundle, "--trust", operated.world.path("trust.json"), "--json"]))).toMatchObject({ result: "verified" });
  const card_again = await operated.world.run(["card", head, "--json"], withToken(ci.token(claims())));
  expect(card_again.code).toBe(0);
});

describe("attack", () => {
  const attacks: readonly (readonly [attack: string, token: () => string, args: readonly string[], because: string])[] = [
    ["a token of another commit", () => ci.token(claims({ sha: "b".repeat(40) })), [], "not for"],
    ["another head than the token's", () => ci.token(claims()), ["--head", "origin/main"], "the token is for commit"],
    ["another target of the same row", () => ci.token(claims()), ["--target", "origin/release"], "the token is for refs/heads/main"],
    ["a job of a branch that is called refs/heads/main", () => ci.token(claims({ ref: "refs/heads/refs/heads/main", base_ref: "" })), [], "the token is for refs/heads/refs/heads/main"],
    ["a repository that is not mapped, under the row's own id", () => ci.token(claims({ repository: ROW })), [], "maps no repository"],
    ["another issuer's key under the same name", () => new CiSystem(ci.now_s).token(claims()), [], "signature verification failed"],
    ["the caller's own word for the base", () => ci.token(claims()), ["--local"], "none of the repositories"],
  ];
  for (const [attack, token, args, because] of attacks) {
    test(`${attack}: exit 4, nothing logged`, async () => {
      const before = await logged();
      const ran = await gate(token(), args);
      expect([ran.code, ran.stderr, await logged()]).toEqual([4, expect.stringContaining(because), before]);
    });
  }

  test("a token of another change reads this one's card", async () => {
    const ran = await operated.world.run(["card", head], withToken(ci.token(claims({ sha: "b".repeat(40) }))));
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining("is on record")]);
  });

  test("a token of a tenant that may not operate stops the daemon", async () => {
    const ran = await operated.world.run(["stop"], withToken(ci.token(claims())));
    expect([ran.code, await operated.world.client.answers()]).toEqual([4, true]);
  });
});
