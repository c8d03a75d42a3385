export { type Allowed, candidatesOf, type Candidate, choose, type Choice, type Out, type Surroundings, usdMicroOf, type Wanted } from "./core.ts";
export { type AskHelper, remoteAsker, type RemoteDeps, remoteTokensAtMost } from "./remote.ts";
