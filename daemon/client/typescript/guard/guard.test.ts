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

const POSITIVE = rule({ id: "T.POSITIVE", scope: "t", when: [{ event: "e" }], fields: { n: "int" }, assert: [{ expr: "n > 0" }] });
const KEPT = rule({ id: "T.KEPT", scope: "t", when: [{ event: "e" }], fields: { items: "list<int>" }, post: [{ expr: "size(items) == size(old(items))", message: "from {{old.items}} to {{items}}" }] });

test("attack: a list that is emptied in place is what was before, too", async () => {
  const emptied = guarded(KEPT, (f: { items: number[] }) => (f.items.length = 0), { after: (_, f) => f });
  expect((await caught(() => emptied({ items: [1, 2] }))).message).toBe("T.KEPT: from (1, 2) to ()");
});

test("attack: a generator has only begun when what is after it is asked", async () => {
  const after = { fields: () => ({ items: [1] }), after: () => ({ items: [1] }) };
  expect(() => guarded(KEPT, function* () { yield 1; }, after)).toThrow("generator");
  expect(() => guarded(KEPT, async function* () { yield await Promise.resolve(1); }, after)).toThrow("generator");
  const disguised = guarded(KEPT, () => (function* () { yield 1; })(), after);
  expect((await caught(() => disguised())).message).toContain("only begun");
  // Before it begins there is something to ask.
  const counts = guarded(POSITIVE, function* ({ n }: { readonly n: number }) { yield n; });
  expect([...counts({ n: 1 })]).toEqual([1]);
  expect((await caught(() => counts({ n: 0 }))).id).toBe("T.POSITIVE");
});

function either(fields: { readonly n: number }): number;
function either(fields: { readonly n: number }, text: string): string;
function either({ n }: { readonly n: number }, text?: string): number | string {
  return text ?? n;
}

test("what is guarded keeps its type, its overloads, its name and how many arguments it takes", () => {
  const guardedEither = guarded(POSITIVE, either);
  const [one, other]: [number, string] = [guardedEither({ n: 1 }), guardedEither({ n: 1 }, "text")];
  const taker = guarded(POSITIVE, () => "taken");
  expect([one, other, guardedEither.name, guardedEither.length, taker({ n: 1 })]).toEqual([1, "text", "either", 2, "taken"]);
});

test("@guard alone stands on methods that take numbers, static, private, generic, of optional and many arguments", async () => {
  class Shelf {
    readonly factor = 2;
    @guard(POSITIVE) static made({ n }: { n: number }): number { return n; }
    @guard(POSITIVE) #own({ n }: { n: number }): number { return n * this.factor; }
    @guard(POSITIVE) same<T>(_: { n: number }, value: T): T { return value; }
    @guard(POSITIVE) many(_: { n: number }, first?: string, ...more: readonly string[]): number { return [first, ...more].length; }
    own(n: number): number { return this.#own({ n }); }
  }
  const shelf = new Shelf();
  const text: string = shelf.same({ n: 1 }, "text");
  expect([Shelf.made({ n: 3 }), shelf.own(3), text, shelf.many({ n: 1 }, "a", "b")]).toEqual([3, 6, "text", 2]);
  for (const refused of [() => Shelf.made({ n: 0 }), () => shelf.own(0), () => shelf.same({ n: 0 }, 1), () => shelf.many({ n: 0 })]) expect((await caught(refused)).id).toBe("T.POSITIVE");
});

test("requireInvariant asks of the argument itself, methods and all", () => {
  class Context {
    constructor(private readonly n: number) {}
    get fine(): boolean { return this.n > 0; }
  }
  class Taker {
    @requireInvariant((ctx: Context) => ({ ok: ctx.fine }))
    take(_: Context): string { return "taken"; }
  }
  expect(new Taker().take(new Context(1))).toBe("taken");
  expect(() => new Taker().take(new Context(0))).toThrow(InvariantViolation);
});
