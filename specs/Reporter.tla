------------------------------ MODULE Reporter ------------------------------
(* Retry: daemon/reporter/reporter.ts tells a code host each verdict of the *)
(* feed, in its order. The host fails now and then, the reporter dies at    *)
(* any moment, and its cursor file is all that survives it.                 *)
(* Left out: rows that are superseded or overtaken, and a feed that comes   *)
(* back shorter from a backup.                                              *)
EXTENDS Naturals, FiniteSets

CONSTANTS
    Entries,    \* Verdicts in the feed.
    TriesMax,   \* TRIES_MAX of reporter.ts
    Crashes     \* How often the reporter may die.

Places == 0..(Entries - 1)

VARIABLES
    next,       \* Cursor: the place of the next verdict. On disk.
    dead,       \* Cursor: places that were given up, with their reason. On disk.
    tries,      \* Reporter.tries: of the verdict at the cursor. In memory.
    sent,       \* Whether `publish` came back for the verdict at the cursor and the cursor has not moved. In memory.
    told,       \* Statuses that the host has.
    crashes

vars == <<next, dead, tries, sent, told, crashes>>

Init == next = 0 /\ dead = {} /\ tries = 0 /\ sent = FALSE /\ told = {} /\ crashes = 0

\* Reporter.move: saved by a rename, so it is the old one or the new one.
Move == next' = next + 1 /\ tries' = 0 /\ sent' = FALSE

\* Whether a verdict is tried once more after this.
Again == tries + 1 < TriesMax

\* The host has it and says so.
Publish ==
    /\ next < Entries /\ ~sent
    /\ told' = told \cup {next} /\ sent' = TRUE
    /\ UNCHANGED <<next, dead, tries, crashes>>

\* The host has it, and its answer is lost on the way.
PublishUnheard ==
    /\ next < Entries /\ ~sent /\ Again
    /\ told' = told \cup {next} /\ tries' = tries + 1
    /\ UNCHANGED <<next, dead, sent, crashes>>

Save == sent /\ Move /\ UNCHANGED <<dead, told, crashes>>

\* Reporter.failed: waits and comes again, until it has come often enough.
Fail ==
    /\ next < Entries /\ ~sent
    /\ IF Again
       THEN tries' = tries + 1 /\ UNCHANGED <<next, dead, sent>>
       ELSE Move /\ dead' = dead \cup {next}
    /\ UNCHANGED <<told, crashes>>

\* Reporter.dead at once: the host says that it never will.
Hopeless == next < Entries /\ ~sent /\ Move /\ dead' = dead \cup {next} /\ UNCHANGED <<told, crashes>>

\* What is in memory is gone.
Crash ==
    /\ crashes < Crashes /\ crashes' = crashes + 1
    /\ tries' = 0 /\ sent' = FALSE
    /\ UNCHANGED <<next, dead, told>>

Step == Publish \/ PublishUnheard \/ Save \/ Fail \/ Hopeless
Next == Step \/ Crash
Spec == Init /\ [][Next]_vars /\ WF_vars(Step)

-----------------------------------------------------------------------------
TypeOK == next \in 0..Entries /\ dead \subseteq Places /\ told \subseteq Places /\ tries \in 0..TriesMax /\ sent \in BOOLEAN

\* A verdict is told before the cursor passes it, or it is on record as given up: never neither.
NeverSkipped == \A place \in Places : place < next => place \in told \cup dead

\* Nobody is asked for ever.
TriesBounded == tries < TriesMax

\* The cursor only moves on, one verdict at a time; what was given up stays on record.
OneByOne == [][next' \in {next, next + 1} /\ dead \subseteq dead']_vars

\* Every verdict's time comes, whatever the host and the deaths before it.
AllSaid == <>(next = Entries)
=============================================================================
