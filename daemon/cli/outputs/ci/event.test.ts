/** Environments and event files in the shapes that GitHub Actions and GitLab CI document, written by us. */
import { describe, expect, test } from "bun:test";
import { MaestroError } from "../../../../proto/errors.ts";
import { ciChange, type CiChange } from "./event.ts";

const HEAD = "1".repeat(40);
const BASE = "2".repeat(40);
const REPOSITORY = { full_name: "acme/app", default_branch: "main", private: true };
const PULL = { action: "synchronize", number: 12, repository: REPOSITORY, pull_request: { number: 12, head: { sha: HEAD, ref: "topic" }, base: { sha: BASE, ref: "release/1.x" } }, sender: { login: "octocat" } };
const GROUP = { action: "checks_requested", repository: REPOSITORY, merge_group: { head_sha: HEAD, head_ref: "refs/heads/gh-readonly-queue/main/pr-12-2222", base_sha: BASE, base_ref: "refs/heads/main" } };
const PUSH = { ref: "refs/heads/topic", before: BASE, after: HEAD, deleted: false, repository: REPOSITORY };

const github = (event: string, payload: unknown): CiChange | null => ciChange({ GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: event, GITHUB_EVENT_PATH: "/event.json" }, (path) => (path === "/event.json" ? payload : null));
const none = (): never => {
  throw new Error("no event file is read here");
};
const MERGE_REQUEST = { GITLAB_CI: "true", CI_PIPELINE_SOURCE: "merge_request_event", CI_COMMIT_SHA: HEAD, CI_PROJECT_ID: "34", CI_MERGE_REQUEST_IID: "12", CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main" };

describe("GitHub Actions", () => {
  test.each(["pull_request", "pull_request_target"])("%s: the head of the request against its base branch, not the checked-out merge", (event) => {
    expect(github(event, PULL)).toEqual({ host: "github", event, head: HEAD, target: "origin/release/1.x", target_ref: null, request: { repository: "acme/app", number: 12 } });
  });

  test("merge_group: from the group's own base, for the branch it would land on", () => {
    expect(github("merge_group", GROUP)).toEqual({ host: "github", event: "merge_group", head: HEAD, target: BASE, target_ref: "refs/heads/main", request: null });
  });

  test("push: what was pushed against the default branch; a deletion is no change", () => {
    expect(github("push", PUSH)).toMatchObject({ head: HEAD, target: "origin/main", request: null });
    expect(() => github("push", { ...PUSH, deleted: true, after: "0".repeat(40) })).toThrow("no change to gate");
  });

  test("events about no change leave the repository's own newest change", () => {
    expect([github("schedule", {}), github("workflow_dispatch", {})]).toEqual([null, null]);
  });

  test.each([
    ["nothing", null],
    ["a text", "x"],
    ["no head", { ...PULL, pull_request: { number: 12, base: { ref: "main" } } }],
    ["a number for a branch", { ...PULL, pull_request: { ...PULL.pull_request, base: { ref: 7 } } }],
    ["a number that is none", { ...PULL, pull_request: { ...PULL.pull_request, number: -1 } }],
    ["names that every object has", { ...PULL, pull_request: Object.create({ number: 12, head: { sha: HEAD }, base: { ref: "main" } }) as unknown }],
  ])("attack: a payload that holds %s is refused and not guessed at", (_what, payload) => {
    expect(() => github("pull_request", payload)).toThrow(MaestroError);
  });
});

describe("GitLab CI", () => {
  test("merge request: detached and merged-results pipelines end at the source branch", () => {
    const expected = { host: "gitlab", event: "merge_request_event", target: "origin/main", target_ref: null, request: { repository: "34", number: 12 } };
    expect(ciChange({ ...MERGE_REQUEST, CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: "" }, none)).toEqual({ ...expected, host: "gitlab", head: HEAD });
    expect(ciChange({ ...MERGE_REQUEST, CI_COMMIT_SHA: "9".repeat(40), CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: HEAD }, none)).toEqual({ ...expected, host: "gitlab", head: HEAD });
  });

  test("merge train: judged as it would land, from what stands before it", () => {
    const env = { ...MERGE_REQUEST, CI_MERGE_REQUEST_EVENT_TYPE: "merge_train", CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: "9".repeat(40), CI_MERGE_REQUEST_TARGET_BRANCH_SHA: BASE };
    expect(ciChange(env, none)).toMatchObject({ event: "merge_train", head: HEAD, target: BASE, target_ref: "refs/heads/main" });
  });

  test("branch pipelines, and tags, which are about no change", () => {
    expect(ciChange({ GITLAB_CI: "true", CI_PIPELINE_SOURCE: "push", CI_COMMIT_SHA: HEAD, CI_COMMIT_BRANCH: "topic", CI_DEFAULT_BRANCH: "main" }, none)).toMatchObject({ head: HEAD, target: "origin/main", request: null });
    expect(ciChange({ GITLAB_CI: "true", CI_PIPELINE_SOURCE: "push", CI_COMMIT_SHA: HEAD, CI_COMMIT_TAG: "v1" }, none)).toBeNull();
  });

  test("a variable that is missing or makes no sense is named", () => {
    expect(() => ciChange({ ...MERGE_REQUEST, CI_MERGE_REQUEST_IID: "12/../13" }, none)).toThrow("CI_MERGE_REQUEST_IID");
    const { CI_MERGE_REQUEST_TARGET_BRANCH_NAME: _, ...rest } = MERGE_REQUEST;
    expect(() => ciChange(rest, none)).toThrow("CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
  });
});

test("outside CI there is nothing to find", () => {
  expect([ciChange({}, none), ciChange({ CI: "true" }, none), ciChange({ GITHUB_ACTIONS: "false" }, none)]).toEqual([null, null, null]);
});
