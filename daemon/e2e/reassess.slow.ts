/** `maestro reassess` over the gates of a node: one at a time, and each word when it is known. Ten thousand of them: bench/reassess.nightly.ts. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { LACKING_EVERY, writeGates } from "./testing/many-gates.ts";
import { reassess, Turnpike } from "./testing/reassessing.ts";
import { until, World } from "./testing/world.ts";

setDefaultTimeout(120_000);
const GATES = 210;
const HELD = 120;
const SWAPPED = 205;
let world: World;
beforeAll(async () => {
  world = new World();
  await writeGates(world.state_dir, GATES);
  await world.daemon();
});
afterAll(() => world.dispose());

test(`of ${GATES} admits those that lack a check are named, each before the next is asked for; attack: a daemon that gives one good bundle for every gate`, async () => {
  using turnpike = new Turnpike(world.path("t.sock"), world.socket_path, HELD, SWAPPED);
  await turnpike.listening();
  const run = reassess(world, turnpike.socket_path);
  const named = (): number => run.said().match(/^WOULD NOT SHIP {2}gate:/gm)?.length ?? 0;
  await turnpike.reached;
  await until(() => named() === Math.floor((HELD - 1) / LACKING_EVERY));
  // One page of places, and no bundle beyond the one that is waited for.
  expect([turnpike.asked.filter((path) => path.startsWith("/v1/feed/")).length, turnpike.asked.filter((path) => path.endsWith("/bundle")).length, turnpike.most_at_once]).toEqual([1, HELD, 1]);
  turnpike.letGo();
  expect(await run.exited).toBe(1);
  const swapped = GATES - SWAPPED + 1;
  const lacking = Math.floor((SWAPPED - 1) / LACKING_EVERY) + swapped;
  expect(run.said().match(/what the daemon sent is the evidence of gate:/g)).toHaveLength(swapped);
  expect([named(), run.said()]).toEqual([lacking, expect.stringContaining(`${GATES - lacking} of ${GATES} admits would ship; 0 refusals and holds; 0 gone`)]);
});
