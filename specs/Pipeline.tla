------------------------------ MODULE Pipeline ------------------------------
(* One change through the gate: daemon/gate/single-flight.ts (one run for   *)
(* all who ask, the last to leave cancels), gate.ts (attempts, each         *)
(* recorded before it is told), releasing/releaser.ts (a release is on      *)
(* record before anything is judged with it). The daemon dies at any time;  *)
(* what is recorded stays.                                                  *)
(* Left out: several changes, the turnstile (Turnstile.tla) and budgets     *)
(* (Ledger.tla).                                                            *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Clients,
    AttemptsMax,  \* How many attempts are looked at.
    Deaths

None == 0
Runs == 1..2
\* judging: facts, checks, policy; leaving cancels it. recording: past the point where it can be cancelled.
Phases == {"none", "judging", "recording"}

VARIABLES
    run,        \* Runs of this change that have not ended. SingleFlight keeps at most one.
    flight,     \* SingleFlight.flights: the run that clients attach to. In memory.
    attached,   \* Who waits for it. In memory.
    withRelease,\* Of each run: whether it looks at a release. releaser.ts judges with one only once it is on record.
    attempts,   \* On record: of each attempt, whether it names a release.
    release,    \* "no", "agreed" (in memory), "recorded" (signed, in the log, durable).
    answer,     \* What each client was told: an attempt, or None.
    asking,     \* Clients that asked and have no answer, and did not leave.
    deaths

vars == <<run, flight, attached, withRelease, attempts, release, answer, asking, deaths>>

Init ==
    /\ run = [r \in Runs |-> "none"] /\ flight = None /\ attached = {}
    /\ withRelease = [r \in Runs |-> FALSE]
    /\ attempts = <<>> /\ release = "no" /\ answer = [c \in Clients |-> None] /\ asking = {} /\ deaths = 0

Free == {r \in Runs : run[r] = "none"}
Active == {r \in Runs : run[r] # "none"}

Ask(c) ==
    /\ c \notin asking /\ answer[c] = None
    /\ asking' = asking \cup {c}
    /\ UNCHANGED <<run, flight, attached, withRelease, attempts, release, answer, deaths>>

\* What a run may look at: what is on record, and nothing that somebody only said.
Visible == release = "recorded"

\* SingleFlight.join. A run that everybody left is waited for: told to stop, it may be past the point where it can.
Join(c) ==
    /\ c \in asking /\ c \notin attached
    /\ IF flight # None
       THEN /\ attached # {} /\ attached' = attached \cup {c}
            /\ UNCHANGED <<run, flight, withRelease>>
       ELSE \E r \in Free :
            /\ run' = [run EXCEPT ![r] = "judging"] /\ flight' = r /\ attached' = {c}
            /\ withRelease' = [withRelease EXCEPT ![r] = Visible]
    /\ UNCHANGED <<attempts, release, answer, asking, deaths>>

\* While attached, or while it waits for a run to end that everybody left.
Leave(c) ==
    /\ c \in asking
    /\ attached' = attached \ {c} /\ asking' = asking \ {c}
    /\ UNCHANGED <<run, flight, withRelease, attempts, release, answer, deaths>>

\* Everybody left before the point of no return.
Cancelled ==
    /\ flight # None /\ attached = {} /\ run[flight] = "judging"
    /\ run' = [run EXCEPT ![flight] = "none"] /\ flight' = None
    /\ UNCHANGED <<attached, withRelease, attempts, release, answer, asking, deaths>>

\* Who is told what this run comes to: who is attached, or who waited for it because everybody had left.
Heard(r) == IF flight # r THEN {} ELSE IF attached # {} THEN attached ELSE asking

Ended(r) ==
    /\ run' = [run EXCEPT ![r] = "none"]
    /\ IF flight = r THEN flight' = None /\ attached' = {} ELSE UNCHANGED <<flight, attached>>

Tell(r, attempt) ==
    /\ answer' = [c \in Clients |-> IF c \in Heard(r) THEN attempt ELSE answer[c]]
    /\ asking' = asking \ Heard(r)
    /\ Ended(r)

\* Nothing has changed since the last attempt, so that is the answer.
Known(r) ==
    /\ run[r] = "judging" /\ attempts # <<>> /\ attempts[Len(attempts)] = withRelease[r]
    /\ Tell(r, Len(attempts))
    /\ UNCHANGED <<withRelease, attempts, release, deaths>>

\* No room, no budget, a limit: whoever is attached hears why.
Failed(r) ==
    /\ run[r] = "judging" /\ flight = r /\ attached # {}
    /\ asking' = asking \ attached
    /\ Ended(r)
    /\ UNCHANGED <<withRelease, attempts, release, answer, deaths>>

Judged(r) ==
    /\ run[r] = "judging" /\ Len(attempts) < AttemptsMax /\ (flight = r => attached # {})
    /\ run' = [run EXCEPT ![r] = "recording"]
    /\ UNCHANGED <<flight, attached, withRelease, attempts, release, answer, asking, deaths>>

\* Attempt, evidence, log entry and reply in one transaction, durable before anybody hears of it.
Record(r) ==
    /\ run[r] = "recording"
    /\ attempts' = Append(attempts, withRelease[r])
    /\ Tell(r, Len(attempts) + 1)
    /\ UNCHANGED <<withRelease, release, deaths>>

\* A person agrees to a release of what was refused or held.
Agree == attempts # <<>> /\ release = "no" /\ release' = "agreed" /\ UNCHANGED <<run, flight, attached, withRelease, attempts, answer, asking, deaths>>
Log == release = "agreed" /\ release' = "recorded" /\ UNCHANGED <<run, flight, attached, withRelease, attempts, answer, asking, deaths>>

\* Whoever asked hears that the daemon is gone, and asks again.
Die ==
    /\ deaths < Deaths /\ deaths' = deaths + 1
    /\ run' = [r \in Runs |-> "none"] /\ flight' = None /\ attached' = {}
    /\ withRelease' = [r \in Runs |-> FALSE]
    /\ release' = IF release = "agreed" THEN "no" ELSE release
    /\ UNCHANGED <<attempts, answer, asking>>

Next ==
    \/ \E c \in Clients : Ask(c) \/ Join(c) \/ Leave(c)
    \/ \E r \in Runs : Judged(r) \/ Record(r) \/ Known(r) \/ Failed(r)
    \/ Cancelled \/ Agree \/ Log \/ Die

Fair ==
    \* Strong: who waits for a run that ends is next in the line of its promise, whoever comes and goes.
    /\ \A c \in Clients : SF_vars(Join(c))
    /\ \A r \in Runs : WF_vars(Judged(r)) /\ WF_vars(Record(r))
    /\ WF_vars(Cancelled)
Spec == Init /\ [][Next]_vars /\ Fair

-----------------------------------------------------------------------------
TypeOK ==
    /\ run \in [Runs -> Phases] /\ flight \in Runs \cup {None} /\ attached \subseteq asking
    /\ release \in {"no", "agreed", "recorded"} /\ Len(attempts) <= AttemptsMax

OneRun == Cardinality(Active) <= 1

\* Nobody is told an attempt that is not on record.
ToldIsRecorded == \A c \in Clients : answer[c] # None => answer[c] \in DOMAIN attempts

\* A release lifts nothing before it is signed, logged and durable.
RecordedBeforeEffect == (\E i \in DOMAIN attempts : attempts[i]) => release = "recorded"

\* What is on record is added to, never changed: no rolling until green.
OnlyAppended == [][Len(attempts') >= Len(attempts) /\ SubSeq(attempts', 1, Len(attempts)) = attempts]_vars

\* Whoever asks and stays gets an answer, as long as attempts are looked at.
Answered == \A c \in Clients : (c \in asking) ~> (c \notin asking \/ Len(attempts) = AttemptsMax)
=============================================================================
