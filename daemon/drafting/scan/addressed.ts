/** Text that speaks to whoever judges instead of saying what the code does. It is told of, and neither followed nor repeated. */

const WHO = "(?:ai|a\\.i\\.|llm|gpt|claude|copilot|gemini|assistants?|automated|(?:code )?reviewers?|bots?|agents?|maestro|(?:language )?models?|judges?|graders?)";
const FORMS: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override|bypass|skip)\b.{0,40}\b(?:previous|prior|above|all|any|earlier|your|preceding|other)\b.{0,30}\b(?:instructions?|rules?|prompts?|guidelines?|checks?|polic(?:y|ies)|directions?|text|findings?)\b/i,
  /\b(?:you are|you're|act as|pretend to be|behave as)\b.{0,30}\b(?:an? |the |now )?(?:ai|assistant|language model|llm|reviewer|system|bot|developer|admin|in \w+ mode)\b/i,
  new RegExp(`\\b(?:note to|attention|dear|hey|hello|to any|instructions? (?:to|for)(?: the)?)\\b.{0,20}\\b${WHO}\\b`, "i"),
  new RegExp(`\\b${WHO}\\b.{0,40}\\b(?:must|should|please|shall|will|has to|have to|needs? to)\\b.{0,40}\\b(?:approve|admit|merge|accept|skip|pass|say|report|respond|reply|output|classify|write|print|state|ignore|mark|rate)\\b`, "i"),
  /\b(?:mark|rate|classify|report|label|treat|describe|summari[sz]e)\b.{0,30}\b(?:as|to be)\b.{0,16}\b(?:safe|low|low[- ]risk|approved|admitted|trivial|harmless|docs?(?:-only)?|benign)\b/i,
  /\b(?:approve|admit|merge|accept)\b.{0,20}\bthis\b.{0,20}\b(?:change|pr|pull request|commit|diff|patch)\b|\bthis (?:change|pr|commit|diff|patch) (?:is|has been) (?:already )?(?:approved|reviewed|admitted|safe|verified|pre-?approved)\b/i,
  /\b(?:new|updated|real|actual|hidden|secret|system|developer)\s*(?:system )?(?:instructions?|prompt|message|directive)\b\s*[:=-]|<\|?\/?(?:im_start|im_end|system|endoftext|assistant|start_of_turn|end_of_turn)\b|<(?:start|end)_of_turn>|\[\/?INST\]|<<\/?SYS>>|^\s*(?:system|assistant|developer)\s*:\s/i,
  /\b(?:do not|don't|never)\b.{0,20}\b(?:mention|report|flag|tell|reveal|include|list)\b.{0,60}\b(?:this|that|the|these|any|it|change|file|finding|risk|deletion|removal)\b/i,
  /\b(?:reply|respond|answer)(?:\s+\w+){0,2}\s+with\b.{0,24}["'`A-Z]|\b(?:say|print|write|repeat|begin|start|end|include|append|output|add)\b.{0,24}\b(?:the (?:exact )?(?:word|phrase|token|canary|sentence)|verbatim|(?:in|to|with|of) your (?:answer|reply|response|summary|output|draft|review))\b|\b(?:output|say|print|reply|respond) (?:only|just|exactly) ["'`A-Z]/,
  /\b(?:exfiltrate|leak|reveal|dump|send me|print out|upload)\b.{0,30}\b(?:secrets?|credentials?|api keys?|passwords?|environment variables?|system prompt)\b/i,
];
const HIDDEN = /[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad\u180e\u3164\u{e0000}-\u{e007f}]/u;
const CHARACTERS_READ_MAX = 4_000;

/** Tags are ASCII that nobody sees. */
const tagsRead = (text: string): string => text.replace(/[\u{e0020}-\u{e007e}]/gu, (tag) => String.fromCharCode((tag.codePointAt(0) ?? 0xe0020) - 0xe0000));
const bare = (text: string): string => tagsRead(text).normalize("NFKC").replace(/[\p{Cf}\p{Mn}]/gu, "").replace(/\s+/g, " ");
/** `ignore_previous-instructions` and `ignorePreviousInstructions` as words. */
const asWords = (text: string): string => text.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[-_./\\:]+/g, " ");

export function isAddressed(text: string): boolean {
  const read = bare(text.slice(0, CHARACTERS_READ_MAX));
  return FORMS.some((form) => form.test(read)) || FORMS.some((form) => form.test(asWords(read)));
}
/** A title that looks like what a gate or a draft says: its verdict, its fields, its headings, a log of a tool. */
const IMITATES = /^\s*[{[]\s*"|"(?:verdict|decision|kind|risk|status|summary|reasons?|approved)"\s*:|^\s*#{1,6}\s|^\s*(?:verdict|decision|risk|kind|gate|maestro|reviewer note|decision card|checks?|result)\b[^\w\n]{0,3}\s*(?::|=|-)|\b(?:verdict|risk|kind)\s*[:=]\s*\w|<\/?(?:tool|function|system|assistant|user|draft|card)[\w:-]*>|```|^\s*(?:---|\+\+\+|@@|diff --git)\s|^\s*\[?(?:PASS|OK|ADMIT(?:TED)?|APPROVED)\b|[✓✔✅]\s*(?:all|pass|admit|approved|no)/i;
export const isImitating = (title: string): boolean => IMITATES.test(bare(title.slice(0, CHARACTERS_READ_MAX)));
export const isHiding = (text: string): boolean => HIDDEN.test(text.slice(0, CHARACTERS_READ_MAX));
