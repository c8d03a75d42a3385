--------------------------- MODULE TurnstileTrace ---------------------------
(* A recorded run of daemon/gate/turnstile.ts. Each line has to be an       *)
(* action of Turnstile that leaves what was seen. Module Recorded is made   *)
(* from the run.                                                            *)
EXTENDS Turnstile, Recorded

VARIABLE at

Row == Recorded[at]
Seen == Cardinality(inside') = Row.inside /\ Cardinality(Waiting') = Row.waiting /\ turns' = Row.turns

\* The line is full and nobody in it has to give way: whoever came is told so, and nothing changes.
Refuse(j) ==
    LET t == TenantOf(j) IN
    /\ j \notin inside \cup Waiting /\ ~Admits(inside, t)
    /\ Cardinality(Waiting) >= WaitingMax /\ Longer(t) = {}
    /\ UNCHANGED vars

TraceInit == Init /\ at = 1
TraceNext ==
    /\ at <= Len(Recorded) /\ at' = at + 1
    /\ CASE Row.action = "Come" -> Come(Row.job) /\ \A d \in Row.displaced : d \in Waiting /\ d \notin Waiting'
         [] Row.action = "Finish" -> Finish(Row.job)
         [] Row.action = "Leave" -> Leave(Row.job)
         [] Row.action = "Refuse" -> Refuse(Row.job)
    /\ Seen

\* TLC is to find this broken: then some behaviour of the model is the whole run.
Unfinished == at <= Len(Recorded)
=============================================================================
