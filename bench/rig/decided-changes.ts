/** A dozen changes of one repository, and what the default policy says of each. */
export type Verdict = "admit" | "refuse" | "hold";

interface Change {
  /** Its branch. */
  readonly name: string;
  readonly message: string;
  readonly files: Readonly<Record<string, string>>;
  readonly verdict: Verdict;
  readonly released?: boolean;
}

const BY_AGENT = "\n\nCo-Authored-By: Claude <noreply@anthropic.com>";
const lines = (count: number): string => Array.from({ length: count }, (_, i) => `export const row${i} = ${i};\n`).join("");

export const CHANGES: readonly Change[] = [
  { name: "round", message: "Round half to even, as banks do", files: { "src/round.ts": lines(40) }, verdict: "admit" },
  { name: "parse", message: "Read amounts with a thousands separator", files: { "src/parse.ts": lines(64) }, verdict: "admit" },
  { name: "focused", message: "Test refunds across months", files: { "test/refund.test.ts": 'test.only("refunds", () => expect(1).toBe(1));\n' }, verdict: "refuse" },
  { name: "workflow", message: `Run tests on two architectures${BY_AGENT}`, files: { ".github/workflows/test.yml": "on: push\njobs:\n  test: { runs-on: ubuntu-24.04-arm }\n" }, verdict: "hold", released: true },
  { name: "docs", message: "Say in the manual what a void is", files: { "docs/void.md": "# Void\n\nA payment that never was.\n" }, verdict: "admit" },
  { name: "marker", message: "Merge the new tax table", files: { "src/tax.ts": "<<<<<<< HEAD\nexport const rate = 19;\n=======\nexport const rate = 7;\n>>>>>>> tax\n" }, verdict: "refuse" },
  { name: "cache", message: `Cache exchange rates for an hour${BY_AGENT}`, files: { "src/cache.ts": lines(120) }, verdict: "admit" },
  { name: "deploy", message: `Publish from a tag alone${BY_AGENT}`, files: { ".github/workflows/publish.yml": "on:\n  push: { tags: ['v*'] }\npermissions: write-all\njobs:\n  publish: { runs-on: ubuntu-24.04 }\n" }, verdict: "hold" },
  { name: "key", message: `Sign invoices${BY_AGENT}`, files: { "src/sign.ts": `export const key = \`-----BEGIN ${"PRIVATE"} KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END ${"PRIVATE"} KEY-----\`;\n` }, verdict: "refuse" },
  { name: "rename", message: "Call a ledger a ledger", files: { "src/ledger.ts": lines(12) }, verdict: "admit" },
  { name: "agents", message: `Tell agents where the money is${BY_AGENT}`, files: { "AGENTS.md": "# Agents\n\nAmounts are whole cents.\n" }, verdict: "hold" },
  { name: "statement", message: "Statements as CSV, one line a booking", files: { "src/statement.ts": lines(220) }, verdict: "admit" },
];
