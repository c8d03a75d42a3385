import { expect, test } from "bun:test";
import { guard, guarded, InvariantViolation, requireInvariant, rule } from "./index.ts";

const CAP = rule({ id: "T.CAP", scope: "t", when: [{ event: "call" }], fields: { spent: "money", budget: "money", prompt: { type: "string", tainted: true } }, assert: [{ expr: "spent <= budget", message: "spent {{spent}} of {{budget}} for {{prompt}}" }] });
const DRAWN = rule({ id: "T.DRAWN", scope: "t", when: [{ event: "draw" }], fields: { balance: "money" }, pre: [{ expr: "balance > 0", message: "nothing is left" }], post: [{ expr: "balance < old(balance)", message: "from {{old.balance}} to {{balance}}" }] });
const OK = { spent: 1, budget: 2, prompt: "p" };

const caught = async (work: () => unknown): Promise<InvariantViolation> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof InvariantViolation) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

test("a call that would break the rule is not made; what is tainted is not repeated", async () => {
  let calls = 0;
  const call = guarded(CAP, (_: typeof OK) => ++calls);
  expect(call(OK)).toBe(1);
  const refused = await caught(() => call({ spent: 2_500_000, budget: 1_000_000, prompt: "hunter2" }));
  expect([refused.id, refused.message, calls]).toEqual(["T.CAP", "T.CAP: spent 2.50 of 1.00 for (withheld)", 1]);
});

test("attack: a field that is missing, of another type, inherited, not a number, or no fields at all, and the call is made", async () => {
  let calls = 0;
  const call = guarded(CAP, (_: typeof OK) => ++calls);
  const inherited: typeof OK = Object.create(OK);
  const hostile = new Proxy(OK, { ownKeys: () => { throw new Error("no"); } });
  const wrong: readonly unknown[] = [{ budget: 2, prompt: "p" }, { ...OK, spent: "1" }, { ...OK, spent: 0.5 }, { ...OK, spent: Number.NaN }, inherited, undefined, null, 7, hostile];
  for (const one of wrong) expect((await caught(() => call(one as typeof OK))).violations[0]?.because).toMatch(/^(?:missing|error)$/);
  expect(calls).toBe(0);
});

test("an async function is refused by its promise, before it began and after it ended", async () => {
  const account = { balance: 3 };
  const draw = guarded(DRAWN, async (from: typeof account, amount: number) => (from.balance -= amount), { after: (_, from) => from });
  expect(await draw(account, 1)).toBe(2);
  const began = draw(account, 0);
  expect(began).toBeInstanceOf(Promise);
  expect((await caught(() => began)).message).toBe("T.DRAWN: from 0.000002 to 0.000002");
  account.balance = 0;
  const refused = draw(account, 1);
  expect([(await caught(() => refused)).message, account.balance]).toEqual(["T.DRAWN: nothing is left", 0]);
});

test("attack: the call changes what was before, so that old(x) is what is now", async () => {
  const account = { balance: 3 };
  const fill = guarded(DRAWN, (from: typeof account) => (from.balance = 9), { after: (_, from) => from });
  expect((await caught(() => fill(account))).message).toBe("T.DRAWN: from 0.000003 to 0.000009");
});

test("what the function itself throws comes through, and its `this` stays", () => {
  const owner = { factor: 3, times: guarded(CAP, function (this: { factor: number }, { spent }: typeof OK) { return spent * this.factor; }) };
  expect(owner.times(OK)).toBe(3);
  expect(() => guarded(CAP, () => { throw new RangeError("own"); }, { fields: () => OK })()).toThrow(RangeError);
});

test("decorators: @guard with `this`, and v0.9's requireInvariant, which takes anything but ok for a violation", async () => {
  class Shop {
    balance = 3;

    @guard(DRAWN, { fields(this: Shop) { return this; }, after(this: Shop) { return this; } })
    draw(amount: number): number {
      return (this.balance -= amount);
    }

    @requireInvariant((ctx: { readonly n: number }) => (ctx.n === 5 ? JSON.parse("{}") : { ok: ctx.n > 0, msg: `n is ${ctx.n}` }))
    async take(ctx: { readonly n: number }): Promise<number> {
      return ctx.n + this.balance;
    }
  }
  const shop = new Shop();
  expect([shop.draw(1), await shop.take({ n: 1 })]).toEqual([2, 3]);
  expect((await caught(() => shop.draw(-1))).id).toBe("T.DRAWN");
  const said = await Promise.all([{ n: -1 }, { n: 5 }, JSON.parse("null")].map((ctx) => caught(() => shop.take(ctx))));
  expect(said.map(({ message }) => message)).toEqual(["requireInvariant: n is -1", "requireInvariant: unspecified", "requireInvariant: the check could not be asked"]);
});

test("a document that is not whole is refused where it is written, with every mistake", () => {
  const base = { id: "T.X", scope: "t", when: [{ event: "e" }], fields: { n: "int" } };
  expect(() => rule({ ...base, assert: [{ expr: "m > 0" }] })).toThrow("there is no field m");
  expect(() => rule({ ...base, assert: [{ expr: 'n == "a"' }] })).toThrow(TypeError);
  expect(() => rule(base)).toThrow("asserts nothing");
  expect(() => rule(JSON.parse(JSON.stringify({ ...base, asert: [], assert: [{ expr: "n > 0" }] })))).toThrow("there is no asert");
  expect(() => rule(JSON.parse(JSON.stringify({ ...base, temporal: [], assert: [{ expr: "n > 0" }] })))).toThrow("ask a daemon");
  expect(() => guarded(DRAWN, (_: { balance: number }) => 1)).toThrow("give after");
  // Fields may come from a catalogue that several rules share.
  expect(rule({ id: "T.Y", scope: "t", when: [{ event: "e" }], assert: [{ expr: "n > 0" }] }, { e: { fields: { n: "int" } } }).violations({ n: 0 })).toMatchObject([{ id: "T.Y", because: "false" }]);
});
