------------------------------ MODULE Pipeline ------------------------------
(* One change through the gate: daemon/gate/single-flight.ts (one run for   *)
(* all who ask, the last to leave cancels), gate.ts (attempts, each         *)
(* recorded before it is told; who asks before and after a release ask two  *)
(* things), releasing/releaser.ts (a release is on record before anything   *)
(* is judged with it). The daemon dies at any time; what is recorded stays. *)
(* Left out: several changes, the turnstile (Turnstile.tla) and budgets     *)
(* (Ledger.tla).                                                            *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Clients,
    AttemptsMax,  \* How many attempts are looked at.
    Deaths

None == 0
Runs == 1..2
\* queued, judging: facts, checks, policy; leaving cancels it. recording: past the point where it can be cancelled.
Phases == {"none", "queued", "judging", "recording"}
\* ReleaseShelf.mark, a part of the key of a flight: whether the release was on record when a client asked.
Marks == BOOLEAN

VARIABLES
    run,        \* Runs of this change that have not ended.
    flight,     \* SingleFlight.flights: of each mark the run that clients attach to. In memory.
    attached,   \* Of each mark, who waits for its run. In memory.
    marked,     \* Under which mark each client asked.
    withRelease,\* Of each run: whether it looks at a release. It sees one only once that is on record, be it under the mark of before.
    attempts,   \* On record: of each attempt, whether it names a release.
    release,    \* "no", "agreed" (in memory), "recorded" (signed, in the log, durable).
    answer,     \* What each client was told: an attempt, or None.
    asking,     \* Clients that asked and have no answer, and did not leave.
    deaths

vars == <<run, flight, attached, marked, withRelease, attempts, release, answer, asking, deaths>>

Init ==
    /\ run = [r \in Runs |-> "none"] /\ flight = [m \in Marks |-> None] /\ attached = [m \in Marks |-> {}]
    /\ marked = [c \in Clients |-> FALSE] /\ withRelease = [r \in Runs |-> FALSE]
    /\ attempts = <<>> /\ release = "no" /\ answer = [c \in Clients |-> None] /\ asking = {} /\ deaths = 0

Free == {r \in Runs : run[r] = "none"}
Active == {r \in Runs : run[r] # "none"}
MarksOf(r) == {m \in Marks : flight[m] = r}
Waiting(c) == c \in asking /\ \A m \in Marks : c \notin attached[m]

OnRecord == release = "recorded"

Ask(c) ==
    /\ c \notin asking /\ answer[c] = None
    /\ asking' = asking \cup {c} /\ marked' = [marked EXCEPT ![c] = OnRecord]
    /\ UNCHANGED <<run, flight, attached, withRelease, attempts, release, answer, deaths>>

\* What a run may look at: what is on record, and nothing that somebody only said.
Visible == OnRecord

\* SingleFlight.join. A run that everybody left is waited for: told to stop, it may be past the point where it can.
Join(c) ==
    LET m == marked[c] IN
    /\ Waiting(c)
    /\ IF flight[m] # None
       THEN /\ attached[m] # {} /\ attached' = [attached EXCEPT ![m] = @ \cup {c}]
            /\ UNCHANGED <<run, flight>>
       ELSE \E r \in Free :
            /\ run' = [run EXCEPT ![r] = "queued"] /\ flight' = [flight EXCEPT ![m] = r]
            /\ attached' = [attached EXCEPT ![m] = {c}]
    /\ UNCHANGED <<marked, withRelease, attempts, release, answer, asking, deaths>>

\* Its turn has come: GateKeeper.run asks what is on record now.
Begin(r) ==
    /\ run[r] = "queued" /\ run' = [run EXCEPT ![r] = "judging"]
    /\ withRelease' = [withRelease EXCEPT ![r] = Visible]
    /\ UNCHANGED <<flight, attached, marked, attempts, release, answer, asking, deaths>>

\* While attached, or while it waits for a run to end that everybody left.
Leave(c) ==
    /\ c \in asking
    /\ attached' = [m \in Marks |-> attached[m] \ {c}] /\ asking' = asking \ {c}
    /\ marked' = [marked EXCEPT ![c] = FALSE]
    /\ UNCHANGED <<run, flight, withRelease, attempts, release, answer, deaths>>

\* Who is told what this run comes to: who is attached, or who waited for it because everybody had left.
Heard(r) == UNION {IF attached[m] # {} THEN attached[m] ELSE {c \in asking : Waiting(c) /\ marked[c] = m} : m \in MarksOf(r)}

Ended(r) ==
    /\ run' = [run EXCEPT ![r] = "none"] /\ withRelease' = [withRelease EXCEPT ![r] = FALSE]
    /\ flight' = [m \in Marks |-> IF flight[m] = r THEN None ELSE flight[m]]
    /\ attached' = [m \in Marks |-> IF flight[m] = r THEN {} ELSE attached[m]]

Heeded(heard) ==
    /\ asking' = asking \ heard
    /\ marked' = [c \in Clients |-> IF c \in heard THEN FALSE ELSE marked[c]]

\* Everybody left before the point of no return.
Cancelled(m) ==
    /\ flight[m] # None /\ attached[m] = {} /\ run[flight[m]] \in {"queued", "judging"}
    /\ Ended(flight[m])
    /\ UNCHANGED <<marked, attempts, release, answer, asking, deaths>>

Tell(r, attempt) ==
    /\ answer' = [c \in Clients |-> IF c \in Heard(r) THEN attempt ELSE answer[c]]
    /\ Heeded(Heard(r))
    /\ Ended(r)

\* Nothing has changed since the last attempt, so that is the answer.
Known(r) ==
    /\ run[r] = "judging" /\ attempts # <<>> /\ attempts[Len(attempts)] = withRelease[r]
    /\ Tell(r, Len(attempts))
    /\ UNCHANGED <<attempts, release, deaths>>

\* No room, no budget, a limit: whoever is attached hears why.
Failed(r) ==
    /\ run[r] \in {"queued", "judging"} /\ \A m \in MarksOf(r) : attached[m] # {}
    /\ Heeded(Heard(r))
    /\ Ended(r)
    /\ UNCHANGED <<attempts, release, answer, deaths>>

Recording == {r \in Runs : run[r] = "recording"}

Judged(r) ==
    /\ run[r] = "judging" /\ Len(attempts) + Cardinality(Recording) < AttemptsMax
    /\ \A m \in MarksOf(r) : attached[m] # {}
    /\ run' = [run EXCEPT ![r] = "recording"]
    /\ UNCHANGED <<flight, attached, marked, withRelease, attempts, release, answer, asking, deaths>>

\* Attempt, evidence, log entry and reply in one transaction, durable before anybody hears of it.
Record(r) ==
    /\ run[r] = "recording"
    /\ attempts' = Append(attempts, withRelease[r])
    /\ Tell(r, Len(attempts) + 1)
    /\ UNCHANGED <<release, deaths>>

\* A person agrees to a release of what was refused or held.
Agree == attempts # <<>> /\ release = "no" /\ release' = "agreed" /\ UNCHANGED <<run, flight, attached, marked, withRelease, attempts, answer, asking, deaths>>
Log == release = "agreed" /\ release' = "recorded" /\ UNCHANGED <<run, flight, attached, marked, withRelease, attempts, answer, asking, deaths>>

\* Whoever asked hears that the daemon is gone, and asks again.
Die ==
    /\ deaths < Deaths /\ deaths' = deaths + 1
    /\ run' = [r \in Runs |-> "none"] /\ flight' = [m \in Marks |-> None] /\ attached' = [m \in Marks |-> {}]
    /\ marked' = [c \in Clients |-> c \in asking /\ OnRecord] /\ withRelease' = [r \in Runs |-> FALSE]
    /\ release' = IF release = "agreed" THEN "no" ELSE release
    /\ UNCHANGED <<attempts, answer, asking>>

Next ==
    \/ \E c \in Clients : Ask(c) \/ Join(c) \/ Leave(c)
    \/ \E r \in Runs : Begin(r) \/ Judged(r) \/ Record(r) \/ Known(r) \/ Failed(r)
    \/ (\E m \in Marks : Cancelled(m)) \/ Agree \/ Log \/ Die

Fair ==
    \* Strong: who waits for a run that ends is next in the line of its promise, whoever comes and goes.
    /\ \A c \in Clients : SF_vars(Join(c))
    /\ \A r \in Runs : WF_vars(Begin(r)) /\ WF_vars(Judged(r)) /\ WF_vars(Record(r))
    /\ \A m \in Marks : WF_vars(Cancelled(m))
Spec == Init /\ [][Next]_vars /\ Fair

-----------------------------------------------------------------------------
TypeOK ==
    /\ run \in [Runs -> Phases] /\ flight \in [Marks -> Runs \cup {None}] /\ \A m \in Marks : attached[m] \subseteq asking
    /\ release \in {"no", "agreed", "recorded"} /\ Len(attempts) <= AttemptsMax

\* For those who ask the same at the same time.
OneRun == \A r \in Active : Cardinality(MarksOf(r)) = 1

\* Nobody is told an attempt that is not on record.
ToldIsRecorded == \A c \in Clients : answer[c] # None => answer[c] \in DOMAIN attempts

\* A release lifts nothing before it is signed, logged and durable.
RecordedBeforeEffect == (\E i \in DOMAIN attempts : attempts[i]) => release = "recorded"

\* What is on record is added to, never changed: no rolling until green.
OnlyAppended == [][Len(attempts') >= Len(attempts) /\ SubSeq(attempts', 1, Len(attempts)) = attempts]_vars

\* Whoever asks and stays gets an answer, as long as attempts are looked at.
Answered == \A c \in Clients : (c \in asking) ~> (c \notin asking \/ Len(attempts) = AttemptsMax)
=============================================================================
