import { Type, type Static } from "@sinclair/typebox";
import { Choice, Closed, ShortText } from "./scalar.ts";

export const Observer = Choice(["daemon", "sandbox", "job", "external"], {
  description: "who saw it; what a job claims about itself satisfies no required obligation",
});
export type Observer = Static<typeof Observer>;

export const ActorClass = Choice(["human", "agent", "bot", "unknown"]);
export type ActorClass = Static<typeof ActorClass>;

export const Person = Closed({ name: ShortText, email: ShortText });
export type Person = Static<typeof Person>;

export const ActorSign = Closed({
  source: Choice(["author", "committer", "trailer", "peer", "process"]),
  text: ShortText,
  says: ActorClass,
  observer: Observer,
});
export type ActorSign = Static<typeof ActorSign>;

export const Actor = Closed(
  {
    class: ActorClass,
    authenticated: Type.Boolean({ description: "true where a peer credential or token proves the class" }),
    name: ShortText,
    agent: Type.Union([ShortText, Type.Null()], { description: "the agent's own name where a sign gives one" }),
    signs: Type.Array(ActorSign, { maxItems: 64 }),
  },
  { description: "who made the change; a sign may raise scrutiny, never lower it" },
);
export type Actor = Static<typeof Actor>;
