/** What `maestro demo` breaks on purpose, and how each is mended. */
import { generateKeyPairSync } from "node:crypto";
import { COVERED, OVERDRAFT, WALLET, WALLET_FILE } from "./wallet.ts";

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  /** The repository it starts from, where not any will do, and what is run in it before the change. */
  readonly sample?: Readonly<Record<string, string>>;
  readonly tried?: readonly (readonly string[])[];
  /** What is about to happen, for whoever reads along. */
  readonly story: string;
  /** Files of the change by path; made anew each time. */
  readonly files: () => Readonly<Record<string, string>>;
  /** Paragraphs; git reads trailers from the last one. */
  readonly message: readonly string[];
  readonly expects: { readonly verdict: "refuse" | "hold"; readonly rule: string };
  readonly mend: Mend;
}

/** A fix that is on the finding is applied to the letter. What no machine may decide is written here, and replaces the commit: an amended secret is out of history too. */
export type Mend =
  | { readonly how: "from-finding"; readonly message: readonly string[] }
  | { readonly how: "amend"; readonly story: string; readonly files: Readonly<Record<string, string | null>> };

const AGENT = "Co-Authored-By: Claude <noreply@anthropic.com>";

const FOCUSED = `import { expect, test } from "bun:test";

test.only("greets", () => {
  expect("hello").toBe("hello");
});

test("never runs while the one above is focused", () => {
  expect("goodbye").toBe("hello");
});
`;

const WORKFLOW = `name: deploy
on: push
permissions: write-all
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - run: ./deploy.sh
`;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "focused-test",
    summary: "a focused test silently switches off the rest of its suite: refused, mended to the letter, admitted",
    story: "An agent debugs one test and forgets to take the focus away. The suite stays green, because only that test runs.",
    files: () => ({ "maestro-demo/greeting.test.ts": FOCUSED }),
    message: ["add a test of the greeting", AGENT],
    expects: { verdict: "refuse", rule: "test.focused" },
    mend: { how: "from-finding", message: ["let every test run", AGENT] },
  },
  {
    name: "secret",
    summary: "a private key in source: refused; amended, so that history has no key either, admitted",
    story: "A person commits a private key beside the code that uses it. The key is made here and now, and opens nothing.",
    files: () => ({ "maestro-deploy/key.pem": generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(), "maestro-deploy/deploy.ts": 'export const keyFile = "key.pem";\n' }),
    message: ["deploy with a key"],
    expects: { verdict: "refuse", rule: "secret.private-key" },
    mend: {
      how: "amend",
      story: "No machine may decide where a key belongs, so the finding has no exact fix. The commit is amended: a second commit on top would leave the key in history. A real key has to be replaced as well.",
      files: { "maestro-deploy/key.pem": null, "maestro-deploy/deploy.ts": 'export const keyFile = process.env["DEPLOY_KEY_FILE"];\n' },
    },
  },
  {
    name: "workflow",
    summary: "an agent gives a CI job more rights: held for a person; split off, the rest is admitted",
    story: "An agent adds a feature, and beside it a workflow that may write everything. Nothing is wrong with that for certain, so it is held for a person and not refused.",
    files: () => ({ ".github/workflows/maestro-demo.yml": WORKFLOW, "maestro-demo/feature.ts": 'export const feature = "ready";\n' }),
    message: ["add the feature and deploy it", AGENT],
    expects: { verdict: "hold", rule: "ci.permission-raised" },
    mend: {
      how: "amend",
      story: "The card's smallest step is taken: the workflow goes into a change of its own, where a person looks at it, and the feature does not wait for that.",
      files: { ".github/workflows/maestro-demo.yml": null },
    },
  },
  {
    name: "invariant",
    summary: "a rule about money, and code that breaks it only after five steps: refused with those steps, mended, admitted",
    sample: WALLET,
    tried: [["invariants", "check"], ["invariants", "test"]],
    story: "An agent allows a small overdraft. Each line looks harmless; but the base has a rule that the wallet is never overdrawn, and the changed code is driven until it breaks.",
    files: () => ({ [WALLET_FILE]: OVERDRAFT }),
    message: ["a dollar of overdraft", AGENT],
    expects: { verdict: "refuse", rule: "invariant.violated" },
    mend: {
      how: "amend",
      story: "The last line of the counterexample shows the case again while somebody mends it. The overdraft goes; docs/first-invariant.md has the whole of it, step by step.",
      files: { [WALLET_FILE]: COVERED },
    },
  },
];
