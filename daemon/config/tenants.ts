/** What the schema of the host's file cannot say about tenants: that names are unique and that nobody is two tenants at once. */
import type { HostConfig } from "../../proto/config.ts";
import type { Problem } from "./problem.ts";

type Tenants = NonNullable<HostConfig["tenants"]>;

function twice(words: readonly string[]): number {
  return words.findIndex((word, place) => words.indexOf(word) !== place);
}

/** A user in two tenants is only one of them by its token, so each of them has to ask for one. */
function ambiguousUid(tenants: Tenants): Problem | null {
  const owners = new Map<number, number>();
  for (const [place, { uids = [], shared_uid = false }] of tenants.entries()) {
    for (const uid of uids) {
      const other = owners.get(uid);
      if (other !== undefined && !(shared_uid && tenants[other]?.shared_uid === true)) {
        return { path: ["tenants", String(place), "uids"], because: `uid ${uid} is in tenant ${tenants[other]?.id} too; set shared_uid in both, and give each a token` };
      }
      owners.set(uid, place);
    }
  }
  return null;
}

/** The first contradiction, or `null`. */
export function tenantProblem({ tenants = [], sockets = [], oidc = [], capabilities }: HostConfig): Problem | null {
  const id = twice(tenants.map((tenant) => tenant.id));
  if (id >= 0) return { path: ["tenants", String(id), "id"], because: "another tenant has this id" };
  const path = twice(sockets.map((socket) => socket.path));
  if (path >= 0) return { path: ["sockets", String(path), "path"], because: "another socket has this path" };
  const issuer = twice(oidc.map((entry) => `${entry.issuer} ${entry.audience}`));
  if (issuer >= 0) return { path: ["oidc", String(issuer), "issuer"], because: "this issuer and audience stand there twice" };
  const lost = oidc.findIndex(({ tenant }) => !tenants.some((entry) => entry.id === tenant));
  if (lost >= 0) return { path: ["oidc", String(lost), "tenant"], because: "there is no tenant of this id" };
  const nobody = tenants.findIndex(({ uids = [], groups = [] }) => uids.length + groups.length === 0);
  if (nobody >= 0) return { path: ["tenants", String(nobody)], because: "nobody can be this tenant: give uids or groups" };
  const unproved = tenants.findIndex((tenant) => tenant.shared_uid === true && capabilities === undefined && !oidc.some((entry) => entry.tenant === tenant.id));
  if (unproved >= 0) return { path: ["tenants", String(unproved), "shared_uid"], because: "a shared user needs a token, and none is taken: set capabilities or oidc" };
  return ambiguousUid(tenants);
}
