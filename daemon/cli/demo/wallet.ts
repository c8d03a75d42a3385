/** The repository of docs/first-invariant.md, to the letter: code about money, a rule about it, and what drives the one against the other. */

const CODE = `/** In whole micro-dollars: $1 is 1000000. */
export function spend({ balance, spent }, amount) {
  if (amount > balance) return { balance, spent };
  return { balance: balance - amount, spent: spent + amount };
}
`;

const DRIVER = `import { spend } from "../src/wallet.js";

/** Where it starts, and what an action makes of a state. */
export const wallet = {
  init: () => ({ balance: 5000000, spent: 0 }),
  step: (state, action, { amount }) => (action === "spend" ? spend(state, amount) : state),
};
`;

const RULE = `id: SHOP.WALLET.COVERED
scope: wallet
when:
  - event: spend
fields:
  balance: money
  spent: money
assert:
  - expr: balance >= 0
    message: 'The wallet is overdrawn: {{balance}}'
examples:
  holds: {with: {balance: "$0", spent: "$5"}}
  breaks: {with: {balance: "-$0.01", spent: "$5.01"}}
`;

const TARGETS = `targets:
  wallet:
    invariants: [SHOP.WALLET.COVERED]
    model: {module: test/wallet-driver.js, export: wallet}
    actions:
      spend: {event: spend, args: {amount: {type: money, min: 0, max: 2000000}}}
`;

export const WALLET_FILE = "src/wallet.js";
export const WALLET: Readonly<Record<string, string>> = {
  [WALLET_FILE]: CODE,
  "test/wallet-driver.js": DRIVER,
  "invariants/wallet.yaml": RULE,
  "invariants/targets.yaml": TARGETS,
  "maestro.yaml": 'version: 1\ninvariants: {folder: invariants, code: ["src/**"]}\n',
};

export const OVERDRAFT = CODE.replace("amount > balance", "amount > balance + 1000000");
/** What the change wanted to say, without the fault. */
export const COVERED = CODE.replace("return { balance, spent };", "return { balance, spent }; // nothing on credit");
