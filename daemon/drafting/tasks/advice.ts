/** What usually mends an error of that kind: words of the house for what tools and tests say. No code of the change is judged by it. */

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/signed integer overflow|integer overflow|attempt to (?:add|multiply|subtract) with overflow|OverflowError/i, "compute in a wider or an unsigned type, or check before the addition; the middle of two numbers is low + (high - low) / 2"],
  [/(?:heap|stack|global)-buffer-overflow|out of bounds|index out of (?:range|bounds)|IndexError|ArrayIndexOutOfBounds|RangeError/i, "an index or a size goes past the end: hold it against the bounds; often `<=` stands where `<` is meant, or one byte is missing for the end"],
  [/use-after-free|double-free|use after free|attempting free/i, "something is used or freed after it was freed: give it one owner, and set the pointer to null after the free"],
  [/LeakSanitizer|detected memory leaks|definitely lost/i, "what is allocated there has to be freed on each way out, the early ones too"],
  [/null pointer|NullPointerException|nil pointer dereference|NoneType|Cannot read propert(?:y|ies) of (?:undefined|null)|(?:undefined|null) is not an object|SEGV|Segmentation fault/i, "something is not there: check for it before it is used, or see that whoever calls gives it"],
  [/division by zero|divide by zero|ZeroDivisionError/i, "check for zero before the division, and say what the result is then"],
  [/left shift|shift exponent|shift of/i, "shift an unsigned value, by less than its width"],
  [/misaligned address/i, "copy the bytes with memcpy where the address may be unaligned"],
  [/data race|ThreadSanitizer|race detected/i, "guard what both touch with one lock, or make it atomic"],
  [/deadlock|lock order/i, "take the locks in one order everywhere, and hold none while waiting"],
  [/stack overflow|maximum call stack|RecursionError|maximum recursion/i, "a call goes on for ever: see that each step comes nearer to the end"],
  [/KeyError|key not found|NoSuchElement|StopIteration/i, "the key is absent: look it up with a default, or check that it is there"],
  [/ModuleNotFoundError|No module named|Cannot find (?:module|package)|cannot find package|unresolved import|could not resolve|ERR_MODULE_NOT_FOUND|ImportError|no required module provides|file not found.*#include|fatal error: .*: No such file/i, "what it imports is not there: add the dependency to the manifest or commit the file, or correct the import"],
  [/\bE0382\b|moved value/, "a value is used after it was moved: borrow it with &, clone it, or use it before"],
  [/\bE0(?:499|502|505|506|597|716)\b|cannot borrow|does not live long enough/, "something is borrowed while it is changed or gone: end the borrow before, or clone"],
  [/\bE0(?:308|277)\b/, "a value of another type comes there: convert it, or correct the type that is promised"],
  [/\bE0(?:425|432|433|412|599)\b/, "the name is not known there: import or declare it, or correct its spelling"],
  [/undefined reference to|unresolved external symbol|ld returned|linker command failed/i, "it is declared and nowhere defined in what is linked: add the source file or the library that defines it, or write it"],
  [/multiple definition of|duplicate symbol/i, "it is defined in two places that are linked together: keep one definition, and declare it elsewhere"],
  [/got "None", expected|"None" is not assignable|Incompatible return value type \(got ".*None/i, "it may give None: declare the return type as such (`X | None`), or raise instead"],
  [/possibly ['"]?(?:undefined|null)|TS18048|TS18047|TS2531|TS2532|union-attr|has no attribute .*\bNone\b|Item "None"/i, "it may be absent there: check for that before it is used, or see that it never is"],
  [/assignment to entry in nil map/i, "the map was never made: make it before it is written to"],
  [/declared and not used|imported and not used|unused/i, "remove what nothing uses"],
  [/implicit declaration of function|implicitly declaring/i, "include the header that declares it, or correct its name"],
  [/control reaches end of non-void|missing return|TS2366|TS7030|not all code paths return/i, "one way through the function gives nothing back: return a value there, or raise"],
  [/no-dupe-keys|duplicate (?:key|identifier|case|property)|TS2300|F601|no-dupe/i, "the same is written twice: keep one of them and remove or rename the other"],
  [/snapshot/i, "a recorded snapshot differs: look at the difference, and record it anew only where it is meant"],
  [/AttributeError|is not a function|has no (?:member|attribute|property)|undefined (?:method|reference|symbol)|no method named|cannot find symbol|TS2339|TS2551/i, "what it calls has another name or is not there: correct the name, or add what is missing; a rename may have left a caller behind"],
  [/NameError|ReferenceError|is not defined|undeclared|Cannot find name|undefined: |undefined name|not in scope|SC2154/i, "the name is not known there: import or declare it, or correct its spelling"],
  [/SyntaxError|unexpected token|parse error|syntax error|IndentationError|expected .* (?:but|before|,) /i, "the file does not parse from there: close what is open, a bracket, a quotation mark or a block"],
  [/not assignable|incompatible types?|mismatched types|type mismatch|TS2322|TS2345|cannot use .* as|expected type|Incompatible (?:types?|return|default)|TypeError/i, "a value of another type comes there: convert it, or correct the type that is promised"],
  [/missing (?:\d+ )?(?:required )?(?:positional )?arguments?|too (?:few|many) arguments|Expected \d+ arguments|takes \d+ positional|not enough arguments/i, "the call gives another number of arguments than it takes: bring caller and signature together"],
  [/permission denied|EACCES|EPERM|PermissionError/i, "it may not touch that file: see its rights, and where it writes"],
  [/ENOENT|No such file or directory|FileNotFoundError/i, "the file is not there: commit or create it, or correct its path"],
  [/ECONNREFUSED|connection refused|ENOTFOUND|getaddrinfo|network is unreachable|Temporary failure in name resolution/i, "checks have no network: give it a stand-in instead of the real service"],
  [/timed? ?out|ETIMEDOUT|deadline exceeded/i, "it waits for something that does not come in time: see what it waits for before the limit is raised"],
  [/out of memory|ENOMEM|heap limit|MemoryError|OOM/i, "it takes more memory than it may: read in pieces, or bound what it holds"],
  [/EADDRINUSE|address already in use/i, "another one listens there: take a free port"],
  [/command not found|: not found$|exit(?:ed)? (?:with )?(?:code )?127/i, "the program is not there: it has to be installed where the checks run"],
  [/UnicodeDecodeError|invalid utf-?8|codec can't/i, "the bytes are of another encoding: name it, or refuse them"],
  [/JSONDecodeError|Unexpected end of JSON|invalid JSON|yaml.*error/i, "the data does not parse: look at the place it names"],
  [/no-eval|\beval\b|S307/i, "remove the eval: parse the text, or choose from a table of what is allowed"],
  [/unused|never used|never read|no-unused-vars|F401|F841|declared and not used|imported and not used/i, "remove what nothing uses"],
  [/AssertionError|assert(?:ion)? |expect(?:ed)?\b|\bwant\b.*\bgot\b|not equal|mismatch/i, "what came is not what the test expects: look at the lines below that this change writes, and decide which of the two is wrong"],
];

/** Null where no such error is known. */
export const adviceFor = (error: string): string | null => ADVICE.find(([of]) => of.test(error.slice(0, 4_000)))?.[1] ?? null;

const RULES: readonly (readonly [RegExp, string])[] = [
  [/^ci\./, "give back the smaller right, or have a person who is not the author approve it"],
  [/^command\./, "remove or replace what the rule names; look away from it only with a reason"],
];
/** Of a rule of a gate whose words say nothing more. */
export const adviceOfRule = (rule: string): string | null => RULES.find(([of]) => of.test(rule))?.[1] ?? null;
