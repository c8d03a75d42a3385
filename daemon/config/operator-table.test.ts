import { describe, expect, test } from "bun:test";
import { utf8 } from "../../proto/encoding.ts";
import { MaestroError } from "../../proto/errors.ts";
import { parseHostConfig } from "./host.ts";

const HEAD = "version: 1\ntrust_domain: ci.example.org\n";
const ROW = "- id: acme/app\n  remote: https://git.example.org/acme/app.git\n  target_refs: [refs/heads/main, refs/heads/release/*]\n";

function refusal(yaml: string): string {
  try {
    parseHostConfig(utf8(HEAD + yaml), "maestrod.yaml");
  } catch (error) {
    if (error instanceof MaestroError) return error.detail;
    throw error;
  }
  return "taken";
}
/** A table of one row, with these lines changed or added. */
const row = (change: Readonly<Record<string, string>>): string => {
  const fields: Record<string, string> = { id: "acme/app", remote: "https://git.example.org/acme/app.git", target_refs: "[refs/heads/main]", ...change };
  const lines = Object.entries(fields).filter(([, value]) => value !== "").map(([key, value]) => `  ${key}: ${value}\n`);
  return `modes: [host]\ntrust_file: /etc/maestro/trust.json\nrepositories:\n-${lines.join("").slice(1)}`;
};

test("a row with remote and branches is taken as it stands", () => {
  const config = parseHostConfig(utf8(`${HEAD}modes: [host, fork, local]\ntrust_file: /etc/maestro/trust.json\nrepositories:\n${ROW}  mode: fork\n`), "f");
  expect(config.repositories).toEqual([{ id: "acme/app", remote: "https://git.example.org/acme/app.git", target_refs: ["refs/heads/main", "refs/heads/release/*"], mode: "fork" }]);
  for (const remote of ["git://h/x", "file:///srv/git/x.git", "http://127.0.0.1:8080/x"]) expect(refusal(row({ remote }))).toBe("taken");
  expect(refusal(row({ remote: "ssh://git@h/x", credential_file: "/k", known_hosts_file: "/h" }))).toBe("taken");
});

describe("what a row may not say", () => {
  const cases: readonly (readonly [name: string, change: Readonly<Record<string, string>>, says: string])[] = [
    ["a password in the address", { remote: "https://u:p@h/x" }, "credentials stand in credential_file"],
    ["a transport that runs a program", { remote: "'ext::sh -c id'" }, "a URL that starts with one of"],
    ["a plain path, which nobody marked as local", { remote: "/srv/git/x.git" }, "a URL that starts with one of"],
    ["an option in place of a host", { remote: "ssh://-oProxyCommand=id/x" }, "its host is not a plain name"],
    ["a path that climbs", { remote: "https://h/a/../../b" }, "its path is not a plain one"],
    ["no branch", { target_refs: "" }, "needs target_refs beside it"],
    ["a branch by its short name", { target_refs: "[main]" }, "the full name of a branch"],
    ["a tag as a target", { target_refs: "[refs/tags/v1]" }, "the full name of a branch"],
    ["a refspec as a target", { target_refs: "['refs/heads/a:refs/heads/b']" }, "the full name of a branch"],
    ["a star in the middle", { target_refs: "['refs/heads/*/x']" }, "the full name of a branch"],
    ["branches without a remote", { remote: "" }, "target_refs: needs a remote beside it"],
    ["ssh without known hosts", { remote: "ssh://git@h/x", credential_file: "/k" }, "needs credential_file"],
    ["a credential over plain http", { remote: "http://h/x", credential_file: "/k" }, "for https and ssh remotes"],
    ["a name of mode local", { id: "local:0:x" }, "names repositories of mode local"],
    ["a mode that is not among modes", { mode: "fork" }, "fork is not among modes"],
    ["a path with a blank, which a command line would cut", { credential_file: "'/a b'" }, "credential_file"],
  ];
  for (const [name, change, says] of cases) test(name, () => expect(refusal(row(change))).toContain(says));

  test("a name twice, modes without a remote or a trust file, and a helper for nothing", () => {
    expect(refusal(`modes: [host]\ntrust_file: /t\nrepositories:\n${ROW}${ROW}`)).toContain("maestrod.yaml:9: repositories.1.id: acme/app stands there twice");
    expect(refusal("modes: [host]\ntrust_file: /t\n")).toContain("maestrod.yaml:3: modes: host needs a repository with a remote");
    expect(refusal(`modes: [host]\nrepositories:\n${ROW}`)).toContain("host needs trust_file");
    expect(refusal("modes: [local]\negress_socket: /run/e.sock\n")).toContain("of use in modes host and fork only");
  });
});
