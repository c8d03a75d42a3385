/** Where a tier cannot be used the answer says what to do, and nothing is run without it. */
import { describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failureOf } from "../../process/testing/gone.ts";
import { jobOf, NEVER, sandboxWithout, scratch } from "../testing/rig.ts";
import { remedyOf } from "./tiers.ts";

const settings = (values: Readonly<Record<string, string>>) => (name: string): string | null => values[name] ?? null;

describe("the remedy", () => {
  const denied = "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.";

  test.each([
    [denied, { "user.max_user_namespaces": "0" }, "sysctl user.max_user_namespaces=10000"],
    [denied, { "kernel.unprivileged_userns_clone": "0", "user.max_user_namespaces": "9" }, "sysctl kernel.unprivileged_userns_clone=1"],
    ["bwrap: setting up uid map: Permission denied", { "kernel.apparmor_restrict_unprivileged_userns": "1" }, "apparmor_restrict_unprivileged_userns=0"],
    ["bwrap: Can't mount proc on /newroot/proc: Operation not permitted", {}, "systempaths=unconfined"],
    ["bwrap: Unknown option --size", {}, "bubblewrap (0.6 or newer)"],
    [denied, {}, "sandbox_socket"],
  ])("of %s with %o names %s", (words, values, remedy) => {
    expect(remedyOf(words, settings(values))).toContain(remedy);
  });
});

describe("a tier that is not there", () => {
  test("no bwrap: unavailable with the package to install, and the job is not run", async () => {
    using empty = scratch();
    const sandbox = sandboxWithout([], { tools: [empty.path] });
    try {
      expect(await sandbox.tier("bwrap")).toMatchObject({ usable: false, remedy: expect.stringContaining("install the package bubblewrap") });
      const failure = await failureOf(sandbox.run(jobOf(["/bin/sh", "-c", `echo ran > ${empty.path}/ran`]), NEVER));
      expect(failure.code).toBe("sandbox.unavailable");
      expect(failure.detail).toContain("install the package bubblewrap");
      expect(await Bun.file(join(empty.path, "ran")).exists()).toBe(false);
    } finally {
      await sandbox.close();
    }
  });

  test("no runsc: that tier alone is unavailable", async () => {
    using tools = scratch();
    const bwrap = Bun.which("bwrap") ?? "/usr/bin/bwrap";
    writeFileSync(join(tools.path, "bwrap"), `#!/bin/sh\nexec ${bwrap} "$@"\n`);
    chmodSync(join(tools.path, "bwrap"), 0o755);
    const sandbox = sandboxWithout([], { tools: [tools.path] });
    try {
      expect(await sandbox.tier("runsc")).toMatchObject({ usable: false, remedy: expect.stringContaining("install runsc") });
      expect((await failureOf(sandbox.run(jobOf(["/bin/true"], { tier: "runsc" }), NEVER))).code).toBe("sandbox.unavailable");
    } finally {
      await sandbox.close();
    }
  });

  test("a bwrap that may not make namespaces: unavailable with its own words, and tried again once it is repaired", async () => {
    using tools = scratch();
    const path = join(tools.path, "bwrap");
    const put = (text: string): void => (writeFileSync(path, text), chmodSync(path, 0o755));
    put("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n");
    const sandbox = sandboxWithout([], { tools: [tools.path] });
    try {
      expect(await sandbox.tier("bwrap")).toMatchObject({ usable: false, because: expect.stringContaining("No permissions to create new namespace") });
      put(`#!/bin/sh\nexec ${Bun.which("bwrap") ?? "/usr/bin/bwrap"} "$@"\n`);
      expect((await sandbox.tier("bwrap")).usable).toBe(Bun.which("bwrap") !== null);
    } finally {
      await sandbox.close();
    }
  });
});
