/** What TLC would pass over in a configuration without a word. Each of these made the real one answer "no error" with the invariant broken. */
import { describe, expect, test } from "bun:test";
import { readConfig } from "./config.ts";

const CFG = "SPECIFICATION Spec\nINVARIANT TypeOK\n";
const because = (text: string): string => {
  const config = readConfig(text);
  return "because" in config ? config.because : "";
};

describe("attack: what follows is never asked", () => {
  test.each([
    ["a sign that TLA+ does not have", `${CFG}; Small\n`, '";" in line 3 is no sign of TLA+'],
    ["an accent", `${CFG}\` Small\n`, '"`" in line 3'],
    ["a space of another alphabet", `${CFG}\u00a0Small\n`, "in line 3 is no sign of TLA+"],
    ["a zero", `${CFG}\0 Small\n`, '"\\u0000" in line 3'],
    ["a form feed", `${CFG}\f Small\n`, '"\\f" in line 3'],
    ["a mark of byte order", `${CFG}\ufeff Small\n`, "in line 3 is no sign of TLA+"],
    ["a comment without an end", `${CFG}(* Small\n`, "begins in line 3 has no end"],
    ["a string without an end", `${CFG}CONSTANT N = "a\nINVARIANT Small\n`, "begins in line 3 has no end"],
    ["a string that ends a comment", `${CFG}(* "*) \\* " Small\n(* Small`, "begins in line 4 has no end"],
  ])("%s", (_, text, said) => {
    expect(because(text)).toContain(said);
  });

  test("a name within such a comment is not asked, either", () => {
    const config = readConfig(`${CFG}(* "*) \\* " Small\n`);
    expect("asked" in config && [...config.asked]).toEqual(["TypeOK"]);
  });
});

describe("attack: what TLC takes for something else", () => {
  test.each([
    ["a word of its own as a value", "CONSTANT Unused = INVARIANT Small = TRUE\n", "INVARIANT stands where a value has to"],
    ["a word of later versions, as an invariant's name", `${CFG}POSTCONDITION Done\n`, "a word of later versions"],
    ["one name for two things", "CONSTANTS N = 3\nN = 2\n", "N stands a second time"],
    ["a fairness sign in a name", `${CFG}WF_Small\n`, "WF_Small is no name"],
    ["a number below nothing", "CONSTANT N = -1\n", "=-1"],
    ["neither true nor false", "CHECK_DEADLOCK false\n", "neither TRUE nor FALSE"],
    ["an end too early", "CONSTANT N =", "it ends where something has to follow"],
    ["sets without end", `CONSTANT N = ${"{".repeat(200_000)}`, ""],
  ])("%s", (_, text, said) => {
    expect(readConfig(text)).toHaveProperty("because");
    if (said !== "=-1") expect(because(text)).toContain(said);
  });
});

test("what people write is read", () => {
  const text = '\\* of two\r\nCONSTANTS\r\n  N = 3 Works = {a, {b}} Name = "it\\"s" + <- Plus \\prec <- Before\n  F(1, a) = 2 A!B <- C Ballot <- [Voting] MC Ballot = [Paxos] 1\nINIT I NEXT N\nINVARIANTS A B PROPERTY P\nSYMMETRY S VIEW V CONSTRAINT C\nCHECK_DEADLOCK FALSE (* (* so *) it is *)';
  const config = readConfig(text);
  if ("because" in config) throw new Error(config.because);
  expect(Object.fromEntries(config.constants)).toEqual({ N: "= 3", Works: "= { a , { b } }", Name: '= "it\\"s"', "+": "<- Plus", "\\prec": "<- Before", "F( 1 , a )": "= 2", "A!B": "<- C", "[ Voting ] Ballot": "<- [ Voting ] MC", "[ Paxos ] Ballot": "= [ Paxos ] 1" });
  expect([[...config.asked], config.behaviour, [...config.cuts], config.deadlock]).toEqual([["A", "B", "P"], "INIT I, NEXT N", ["SYMMETRY S", "VIEW V", "CONSTRAINT C"], false]);
});
