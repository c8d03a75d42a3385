import { expect, test } from "bun:test";
import { isBranchRef, isTarget, originName, parseRemote } from "./remote.ts";

test("an origin in any form git takes has the name of the operator's address", () => {
  const names = ["https://u:p@Git.Example.org/acme/app.git", "git@git.example.org:acme/app", "ssh://git@git.example.org/acme/app/", "https://git.example.org/acme/app"].map(originName);
  expect(new Set(names)).toEqual(new Set(["git.example.org/acme/app"]));
  expect(parseRemote("https://git.example.org/acme/app.git")).toEqual({ scheme: "https", name: "git.example.org/acme/app" });
  expect([originName("/srv/a.git"), originName("file:///srv/a.git/"), parseRemote("file:///srv/a.git")]).toEqual(["/srv/a", "/srv/a", { scheme: "file", name: "/srv/a" }]);
  expect([originName("https://h:8443/x"), originName("https://h/x")]).toEqual(["h:8443/x", "h/x"]);
  expect([originName(""), originName("nothing"), originName("https://h/")]).toEqual([null, null, null]);
});

test("branch names that git refuses, or that something else could read as its own, are none", () => {
  const bad = ["refs/heads/", "refs/heads/a..b", "refs/heads/-x", "refs/heads/.a", "refs/heads/a.lock", "refs/heads/a//b", "refs/heads/a@{1}", "refs/heads/a b", "refs/heads/a.", "refs/heads/$(id)", "refs/heads/é", "HEAD", "refs/pull/1/head", `refs/heads/${"a".repeat(256)}`];
  expect(bad.filter(isBranchRef)).toEqual([]);
  expect(["refs/heads/main", "refs/heads/release/1.2", "refs/heads/user@x/fix-#12"].filter((ref) => !isBranchRef(ref))).toEqual([]);
});

test("a pattern covers what begins like it and nothing else", () => {
  const patterns = ["refs/heads/main", "refs/heads/release/*"];
  expect(["refs/heads/main", "refs/heads/release/1", "refs/heads/release/a/b"].filter((ref) => !isTarget(patterns, ref))).toEqual([]);
  expect(["refs/heads/main2", "refs/heads/release", "refs/heads/release/", "refs/heads/release/../main", "refs/heads/mai"].filter((ref) => isTarget(patterns, ref))).toEqual([]);
});
