/** The same in a process of its own, as daemon and command line (`native`) or by our own arithmetic; the file of cases comes as the argument. */
import { readFileSync } from "node:fs";
import { adoptEd25519, adoptP256 } from "../../daemon/verifier/signature.ts";
import { nativeEd25519, nativeP256 } from "../../kernels/signatures/native.ts";
import { accepted, type SignatureCase } from "./signatures.ts";

const [file = "", engine] = process.argv.slice(2);
if (engine === "native") {
  adoptEd25519(nativeEd25519);
  adoptP256(nativeP256);
}
process.stdout.write(`accepted:${accepted(JSON.parse(readFileSync(file, "utf8")) as SignatureCase[]).join(",")};`);
