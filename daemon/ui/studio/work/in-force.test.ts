import { expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { HostConfig } from "../../../../proto/config.ts";
import { readYaml } from "../../../invariants/index.ts";
import { configOf, folderFor } from "./in-force.ts";

test("the lines that are shown are a host's configuration that reads that very folder, whatever it is called", () => {
  const read = readYaml(configOf("/etc/maestro/invariants", null));
  expect("value" in read && Value.Check(HostConfig, read.value) ? read.value.invariants_folder : read).toBe("/etc/maestro/invariants");
  for (const folder of ["/home/a b/rules: #1", "/tmp/\"quoted\"", "/srv/ünï"]) expect(readYaml(configOf(folder, "ci.example.org"))).toMatchObject({ value: { invariants_folder: folder } });
});

test("a folder in a work tree is not the one that a daemon is told to read", () => {
  expect(folderFor({ folder: "/srv/rules", work_tree: null })).toBe("/srv/rules");
  expect(folderFor({ folder: "/srv/shop/invariants", work_tree: "/srv/shop" })).toBe("/etc/maestro/invariants");
});

test("the domain is that of the daemon that answers, as its keys belong to it; else that of the private daemon", () => {
  const domain = (of: string | null) => {
    const read = readYaml(configOf("/srv/rules", of));
    return "value" in read && Value.Check(HostConfig, read.value) ? read.value.trust_domain : read;
  };
  for (const name of ["ci.example.org", "local", "1.5", "12", "null", "on", "0x10", "a--b"]) expect(domain(name)).toBe(name);
  for (const name of [null, "", "a b", "x: y\nmodes: [host]"]) expect(domain(name)).toBe("local");
});
