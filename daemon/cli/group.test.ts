import { describe, expect, test } from "bun:test";
import type { Reason } from "../../proto/decision.ts";
import type { Member } from "../client/landed/members.ts";
import { attribute, groupText, requireGroup } from "./group.ts";

const member = (n: number, paths: string[], ahead = false): Member => ({ commit: String(n).repeat(40), subject: `entry ${n}`, paths, ahead });
const reason = (rule: string, effect: Reason["effect"], paths: string[], observed = false): Reason => ({ rule, check: "c", effect, observed, because: "b", ranges: paths.map((u) => ({ path: { u }, start_line: 1, end_line: 1 })), excerpt: null, fingerprints: [] });

describe("which member holds a group back", () => {
  test("the one whose file the rule stands in; two where both touch it; the group where none does", () => {
    const list = [member(1, ["a"], true), member(2, ["b", "shared"]), member(3, ["shared"])];
    const { members, whole } = attribute({ list, cut: false }, [reason("secret.token", "refuse", ["a"]), reason("text.x", "hold", ["shared"]), reason("size.unreviewable", "hold", []), reason("note.y", "note", ["b"]), reason("would.z", "refuse", ["b"], true)]);
    expect(members.map(({ rules }) => rules.map(({ rule, paths }) => [rule, ...paths]))).toEqual([[["secret.token", "a"]], [["text.x", "shared"]], [["text.x", "shared"]]]);
    expect(whole).toEqual(["size.unreviewable"]);
  });

  test("an entry ahead is said to be ahead, and hostile subjects and paths are quoted", () => {
    const list = [{ ...member(1, ["a\u001b[31m\nx"], true), subject: "\u001b]0;pwn\u0007 ok\n  2 of 2  ok" }, member(2, [])];
    const text = groupText(attribute({ list, cut: false }, [reason("secret.token", "refuse", ["a\u001b[31m\nx"])]));
    expect(text).toContain("1 of 2  REFUSES  111111111111");
    expect(text).toContain("an entry ahead in the queue");
    expect([text.includes("\u001b"), text.split("\n").length]).toEqual([false, 4]);
    expect(groupText(null)).toContain("cannot be named");
  });
});

test("only a group is judged as one: another event, a work tree or half a name is a usage error", () => {
  const event = (name: string) => ({ GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: "/nonexistent" });
  expect(() => requireGroup({ target: "a", head: "b" }, undefined, {})).not.toThrow();
  expect(() => requireGroup({}, undefined, {})).toThrow("merge_group");
  expect(() => requireGroup({ target: "a" }, undefined, event("schedule"))).toThrow("name the group");
  expect(() => requireGroup({}, undefined, event("schedule"))).toThrow("--merge-group runs in a job");
  expect(() => requireGroup({ worktree: true, target: "a", head: "b" }, undefined, {})).toThrow("choose one");
});
