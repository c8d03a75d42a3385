/** The same in a process of its own, as the daemon (`native`) or as the command line; the file of cases comes as the argument. */
import { readFileSync } from "node:fs";
import { nativeEd25519 } from "../../daemon/platform/ed25519.ts";
import { nativeP256 } from "../../daemon/platform/p256.ts";
import { adoptEd25519, adoptP256 } from "../../daemon/verifier/signature.ts";
import { accepted, type SignatureCase } from "./signatures.ts";

const [file = "", engine] = process.argv.slice(2);
if (engine === "native") {
  adoptEd25519(nativeEd25519);
  adoptP256(nativeP256);
}
process.stdout.write(`accepted:${accepted(JSON.parse(readFileSync(file, "utf8")) as SignatureCase[]).join(",")};`);
