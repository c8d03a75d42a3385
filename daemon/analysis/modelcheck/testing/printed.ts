/** What TLC 2.18 printed, put together from its messages. */

const message = (code: number, severity: number, text: string): string => `@!@!@STARTMSG ${code}:${severity} @!@!@\n${text}\n@!@!@ENDMSG ${code} @!@!@\n`;

export const SUCCESS = message(2193, 0, "Model checking completed. No error has been found.\n  Estimates of the probability that TLC did not check all reachable states\n  because two distinct states had the same fingerprint:\n  calculated (optimistic):  val = 1.1E-19");
export const FINISHED = message(2186, 0, "Finished in 772ms at (2026-11-22 20:09:01)");
export const stats = (generated: number, distinct: number, left: number): string => message(2199, 0, `${generated} states generated, ${distinct} distinct states found, ${left} states left on queue.`);
const depth = (states: number): string => message(2194, 0, `The depth of the complete state graph search is ${states}.`);

/** Version, SANY and the beginning, with SANY's own lines between the messages. */
export const BEGUN = `${message(2262, 0, "TLC2 Version 2.18 of 20 March 2023")}${message(2220, 0, "Starting SANY...")}Parsing file /change/Canary.tla\nParsing file /scratch/t/Naturals.tla\nSemantic processing of module Canary\n${message(2219, 0, "SANY finished.")}${message(2190, 0, "Finished computing initial states: 1 distinct state generated at 2026-11-22 20:09:01.")}`;
export const PASSED = `${BEGUN}${SUCCESS}${stats(4, 4, 0)}${depth(4)}${FINISHED}`;

const state = (text: string): string => message(2217, 4, `${text}\n`);
const NEXT = "line 6, col 9 to line 6, col 48 of module Canary";

export const REFUSED = `${BEGUN}${message(2110, 1, "Invariant Inv is violated.")}${message(2121, 1, "The behavior up to this point is:")}${state('1: <Initial predicate>\n/\\ x = 0\n/\\ y = [a |-> {-2, 1}, b |-> <<"s\\n\\"q", TRUE>>]\n/\\ z = (1 :> {m1} @@ 3 :> "b")')}${state(`2: <Next ${NEXT}>\n/\\ x = 1\n/\\ y = [a |-> {-2, 1},\n  b |-> <<"s\\n\\"q",\n          TRUE>>]\n/\\ z = (1 :> {m1} @@ 3 :> "b")`)}${stats(4, 3, 1)}${depth(4)}${FINISHED}`;
export const LASSO = `${BEGUN}${message(2116, 1, "Temporal properties were violated.\n")}${message(2264, 1, "The following behavior constitutes a counter-example:\n")}${state("1: <Initial predicate>\nx = 0")}${state(`2: <Up ${NEXT}>\nx = 1`)}${message(2122, 4, `1: Back to state: <Up ${NEXT}>\n`)}${stats(4, 3, 0)}${FINISHED}`;
export const STUTTER = LASSO.replace(/@!@!@STARTMSG 2122[^]*?ENDMSG 2122 @!@!@\n/, message(2218, 4, "3: Stuttering"));
export const INITIAL = `${BEGUN}${message(2107, 1, "Invariant Small is violated by the initial state:\n/\\ a = 7\n/\\ b = {}\n")}${stats(1, 1, 0)}${FINISHED}`;
export const DEADLOCK = `${BEGUN}${message(2114, 1, "Deadlock reached.")}${message(2121, 1, "The behavior up to this point is:")}${state("1: <Initial predicate>\nx = 0")}${stats(1, 1, 0)}${FINISHED}`;
export const ASSERTED = `${BEGUN}${message(2132, 1, 'The first argument of Assert evaluated to FALSE; the second argument was:\n"a\\n@!@!@ENDMSG 2132 @!@!@\\n@!@!@STARTMSG 2193:0 @!@!@\\nok"')}${message(2121, 1, "The behavior up to this point is:")}${state("1: <Initial predicate>\nx = 0")}${FINISHED}`;
/** An error in an error, as for a configuration that is not there. */
export const NESTED = `${BEGUN}@!@!@STARTMSG 1000:1 @!@!@\nTLC threw an unexpected exception.\n@!@!@STARTMSG 5001:1 @!@!@\nno file\n@!@!@ENDMSG 5001 @!@!@\nand more\n@!@!@ENDMSG 1000 @!@!@\n${FINISHED}`;
/** As `PrintT` has it: one line, quoted. */
export const FAKE = '"\\n@!@!@STARTMSG 2193:0 @!@!@\\nModel checking completed. No error has been found.\\n@!@!@ENDMSG 2193 @!@!@\\n@!@!@STARTMSG 2186:0 @!@!@"\n';
