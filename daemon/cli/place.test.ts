import { describe, expect, test } from "bun:test";
import type { RepositoriesReply } from "../../proto/api.ts";
import { MaestroError } from "../../proto/errors.ts";
import { chooseOffer } from "./place.ts";

const app = { id: "acme/app", remote: "https://git.example.org/acme/app.git", target_refs: ["refs/heads/main"], mode: "host" as const };
const open = { ...app, id: "acme/open", remote: "ssh://git@git.example.org/acme/open", mode: "fork" as const };
const table = (local = true, repositories = [app, open]): RepositoriesReply => ({ repositories, local });
const ORIGIN = "git@git.example.org:acme/app.git";

function refusal(...args: Parameters<typeof chooseOffer>): string {
  try {
    return JSON.stringify(chooseOffer(...args));
  } catch (error) {
    if (error instanceof MaestroError) return `${error.code} ${error.detail}`;
    throw error;
  }
}

describe("whose word a gate takes", () => {
  test("the row with this clone's origin, in whatever form the clone writes it", () => {
    expect(chooseOffer(table(), {}, ORIGIN)).toBe(app);
    expect(chooseOffer(table(), {}, "https://me:secret@git.example.org/acme/open.git")).toBe(open);
  });

  test("the caller's own where no row fits and the host allows it; asked for by name also where one fits", () => {
    for (const origin of ["git@elsewhere.example:acme/app", null]) expect(chooseOffer(table(), {}, origin)).toBeNull();
    expect(chooseOffer(table(), { local: true }, ORIGIN)).toBeNull();
  });

  test("a name is taken as it stands: whether there is such a row is the daemon's to say", () => {
    expect(chooseOffer(table(), { repository: "acme/open" }, ORIGIN)).toBe(open);
    expect(chooseOffer(table(), { repository: "acme/hidden" }, ORIGIN)).toBe("acme/hidden");
  });

  test("nothing is guessed: no row and no mode local, --fork without a row, two rows of one remote, two wishes at once", () => {
    expect(refusal(table(false), {}, null)).toContain("auth.denied this clone's origin is none of the host's remotes; name one with --repository: acme/app acme/open");
    expect(refusal(table(), { fork: true }, null)).toContain("auth.denied");
    expect(refusal(table(true, [app, { ...app, id: "acme/twin" }]), {}, ORIGIN)).toContain("cli.usage the host's table has this clone's origin under acme/app and acme/twin");
    expect(refusal(table(), { local: true, repository: "acme/app" }, ORIGIN)).toContain("cli.usage");
  });
});
