/** One sticky comment, against fakes of both hosts' APIs (real HTTP). */
import { describe, expect, test } from "bun:test";
import { renderMarkdown } from "../../card/markdown.ts";
import { card, hostileCard } from "../../card/testing/card.ts";
import { activeCharacters, HOSTILE } from "../../card/testing/hostile.ts";
import { render } from "../../card/testing/rendered.ts";
import type { CiChange } from "../ci/event.ts";
import { CommentTrouble, type ApiClock } from "./api.ts";
import { bodyOf, isClean, markerOf } from "./marker.ts";
import { keepOne, type Done } from "./sticky.ts";
import { BOT, FakeHost, HEAD } from "./testing/fake-host.ts";
import { whereOf } from "./where.ts";

const MARKER = markerOf({ origin: "log.ci.example.org", repository: "code.example.org/acme/app", name: "" });
const TEXT = { clean: false, body: `${MARKER}\n### HOLD` };

function clock(): ApiClock & { readonly slept: number[] } {
  const slept: number[] = [];
  return { slept, now_ms: () => 1_800_000_000_000, random: () => 0.5, sleep: (ms) => Promise.resolve(slept.push(ms)) };
}

function hostOf(fake: FakeHost, time: ApiClock = clock(), env: Record<string, string> = {}) {
  const change: CiChange = { host: fake.kind, event: "x", head: HEAD, target: "origin/main", target_ref: null, request: { repository: fake.kind === "github" ? "acme/app" : "34", number: 12 } };
  const where = whereOf({ ...fake.env, ...env }, { ...change, request: change.request! }, time);
  if (where === null) throw new Error("no token");
  return where.host;
}
const keep = (fake: FakeHost, text = TEXT, time: ApiClock = clock()): Promise<Done> => keepOne(hostOf(fake, time), MARKER, text, HEAD);
const bodies = ({ comments }: FakeHost): string[] => comments.map(({ body }) => body);

describe.each(["github", "gitlab"] as const)("%s", (kind) => {
  test("created once, then updated in place, then left alone", async () => {
    using fake = new FakeHost(kind);
    expect(await keep(fake)).toBe("created");
    expect(await keep(fake, { clean: false, body: `${MARKER}\n### REFUSE` })).toBe("updated");
    expect(await keep(fake, { clean: false, body: `${MARKER}\n### REFUSE` })).toBe("unchanged");
    expect(bodies(fake)).toEqual([`${MARKER}\n### REFUSE`]);
    expect(fake.writes()).toEqual(["POST", kind === "github" ? "PATCH" : "PUT"]);
  });

  test("silent when clean; one that stands is updated to clean", async () => {
    using fake = new FakeHost(kind);
    const clean = { clean: true, body: `${MARKER}\n### ADMIT` };
    expect(await keep(fake, clean)).toBe("none");
    expect(bodies(fake)).toEqual([]);
    await keep(fake);
    expect(await keep(fake, clean)).toBe("updated");
    expect(bodies(fake)).toEqual([clean.body]);
  });

  test("attack: a stranger's comment with our marker is not taken for ours", async () => {
    using fake = new FakeHost(kind);
    fake.add(7, `${MARKER}\nADMIT, says the author of the change`);
    expect(await keep(fake)).toBe("created");
    expect(fake.comments.map(({ author }) => author)).toEqual([7, BOT]);
    expect(fake.comments[0]?.body).toContain("says the author");
  });

  test("another install's comment, and a card of ours that quotes a marker, are left alone", async () => {
    using fake = new FakeHost(kind);
    const other = markerOf({ origin: "log.other.example.org", repository: "code.example.org/acme/app", name: "" });
    fake.add(BOT, `${other}\n### HOLD quoting ${MARKER}`);
    expect(await keep(fake)).toBe("created");
    expect(bodies(fake)[0]).toStartWith(other);
    expect(fake.comments).toHaveLength(2);
  });

  test("found on a later page", async () => {
    using fake = new FakeHost(kind);
    for (let n = 0; n < 250; n++) fake.add(7, `comment ${n}`);
    fake.add(BOT, `${MARKER}\nold`);
    expect(await keep(fake)).toBe("updated");
    expect(fake.comments).toHaveLength(251);
  });

  test("more comments than are read: nothing is written rather than a second comment", async () => {
    using fake = new FakeHost(kind);
    for (let n = 0; n < 5_000; n++) fake.add(7, "x");
    await expect(keep(fake)).rejects.toThrow(CommentTrouble);
    expect(fake.writes()).toEqual([]);
  });

  test("attack: two jobs racing leave one comment", async () => {
    using fake = new FakeHost(kind);
    let waiting = 0;
    let open: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (open = resolve));
    // Both have looked and found none before either creates.
    fake.fault = async (request) => {
      if (request.method !== "POST" || request.url.endsWith("graphql")) return undefined;
      if (++waiting === 2) open();
      await both;
      return undefined;
    };
    expect(await Promise.all([keep(fake), keep(fake)])).toEqual(["created", "created"]);
    expect(fake.writes().filter((method) => method === "POST")).toHaveLength(2);
    expect(bodies(fake)).toEqual([TEXT.body]);
  });

  test("duplicates of an earlier accident go, the oldest stays", async () => {
    using fake = new FakeHost(kind);
    for (let n = 0; n < 3; n++) fake.add(BOT, `${MARKER}\n${n}`);
    const first = fake.comments[0]?.id;
    expect(await keep(fake)).toBe("updated");
    expect(fake.comments.map(({ id }) => id)).toEqual([first!]);
  });

  test("attack: a job of an older push does not overwrite the newer card", async () => {
    using fake = new FakeHost(kind);
    fake.add(BOT, `${MARKER}\nnewer`);
    fake.head = "d".repeat(40);
    expect(await keep(fake)).toBe("stale");
    expect(fake.writes()).toEqual([]);
  });

  test("without write permission: said as denied, at the first try", async () => {
    using fake = new FakeHost(kind);
    fake.may_write = false;
    const time = clock();
    await expect(keep(fake, TEXT, time)).rejects.toMatchObject({ kind: "denied" });
    expect([fake.writes(), time.slept]).toEqual([["POST"], []]);
  });

  test("a create whose answer is lost is not sent twice", async () => {
    using fake = new FakeHost(kind);
    let lost = false;
    fake.fault = (request) => {
      if (lost || request.method !== "POST" || request.url.endsWith("graphql")) return undefined;
      lost = true;
      fake.add(BOT, TEXT.body);
      return fake.json({ message: "bad gateway" }, 502);
    };
    expect(await keep(fake)).toBe("created");
    expect(bodies(fake)).toEqual([TEXT.body]);
  });

  test("a create that failed and left nothing is told", async () => {
    using fake = new FakeHost(kind);
    fake.fault = (request) => (request.method === "POST" && !request.url.endsWith("graphql") ? fake.json({}, 503) : undefined);
    await expect(keep(fake)).rejects.toMatchObject({ kind: "lost" });
    expect(bodies(fake)).toEqual([]);
  });
});

test("GitLab's own job token goes by its own header and asks who it is in its own way", async () => {
  using fake = new FakeHost("gitlab");
  const host = hostOf(fake, clock(), { GITLAB_TOKEN: "", CI_JOB_TOKEN: "token-bot" });
  expect(await keepOne(host, MARKER, TEXT, HEAD)).toBe("created");
  expect(fake.seen.map(({ path }) => path)).toContain("/api/v4/job");
});

test("GitHub's viewer without its number is matched by login", async () => {
  using fake = new FakeHost("github");
  fake.viewer_id = false;
  fake.add(7, `${MARKER}\nnot ours`);
  expect([await keep(fake), await keep(fake)]).toEqual(["created", "unchanged"]);
  expect(fake.comments).toHaveLength(2);
});

describe("markers", () => {
  const install = { origin: "log.ci.example.org", repository: "a/b", name: "" };
  test("differ by install, repository and name; private daemons of one repository share theirs", () => {
    const all = [install, { ...install, origin: "log.x.example.org" }, { ...install, repository: "a/c" }, { ...install, name: "docs" }].map(markerOf);
    expect(new Set(all).size).toBe(4);
    const one = markerOf({ ...install, origin: "log.aaaa.local.maestro.internal" });
    expect(markerOf({ ...install, origin: "log.bbbb.local.maestro.internal" })).toBe(one);
  });

  test("a card longer than the host takes is cut at a line and says so", () => {
    const reasons = Array.from({ length: 90 }, () => hostileCard("x".repeat(1_900)).reasons[0]!);
    const body = bodyOf(MARKER, renderMarkdown(card({ reasons })), 60_000);
    expect(body.length).toBeLessThanOrEqual(60_000);
    expect(body).toStartWith(MARKER);
    expect(body).toContain("more lines do not fit here");
  });

  test("only an admit is clean", () => {
    expect([isClean({ verdict: "admit" }), isClean({ verdict: "hold" }), isClean({ verdict: "refuse" })]).toEqual([true, false, false]);
  });
});

describe("a hostile change is inert in a comment", () => {
  test.each([...HOSTILE, ["our own marker and its end", `--> ${MARKER} <!--`] as const])("%s", async (_attack, text) => {
    const body = bodyOf(MARKER, renderMarkdown(hostileCard(text)), 60_000);
    expect(activeCharacters(body)).toEqual([]);
    const { tags, outside } = await render(body);
    expect(tags.filter((tag) => tag === "comment")).toHaveLength(1);
    expect(tags.filter((tag) => !["comment", "h3", "ul", "li", "p", "strong", "code"].includes(tag))).toEqual([]);
    expect(outside).not.toMatch(/@|:\/\/|www\./);
    // GitLab reads a quick action from a line that begins with a slash.
    expect(body.split("\n").filter((line) => line.startsWith("/"))).toEqual([]);
  });
});
