--------------------------- MODULE PipelineTrace ----------------------------
(* A recorded run of one change through daemon/gate. When a run passes the  *)
(* point where it can be cancelled nobody says, nor when its turn comes; of *)
(* an attempt that is on record nobody says it where the process dies       *)
(* before anybody is told, of a release nobody says when it is agreed to.   *)
EXTENDS Pipeline, Recorded

VARIABLE at

Row == Recorded[at]

TraceInit == Init /\ at = 1
TraceNext ==
    \/ /\ at <= Len(Recorded) /\ at' = at + 1
       /\ CASE Row.action = "Ask" -> Ask(Row.client) /\ marked'[Row.client] = Row.mark
            [] Row.action = "Join" -> Join(Row.client) /\ Cardinality(attached'[Row.mark]) = Row.clients
            [] Row.action = "Leave" -> Leave(Row.client)
            [] Row.action = "Record" -> \E r \in {flight[Row.mark]} \cap Runs : Record(r) /\ Len(attempts') = Row.attempt
            [] Row.action = "Known" -> \E r \in {flight[Row.mark]} \cap Runs : Known(r) /\ Len(attempts) = Row.attempt
            [] Row.action = "Failed" -> \E r \in {flight[Row.mark]} \cap Runs : Failed(r)
            [] Row.action = "Cancelled" -> Cancelled(Row.mark)
            [] Row.action = "Release" -> Log
            [] Row.action = "Die" -> Die
    \/ at <= Len(Recorded) /\ at' = at /\ \E r \in Runs : Begin(r) \/ Judged(r)
    \/ at <= Len(Recorded) /\ at' = at /\ Row.action = "Release" /\ Agree
    \/ at <= Len(Recorded) /\ at' = at /\ Row.action = "Die" /\ \E r \in Runs : Record(r)

Unfinished == at <= Len(Recorded)
=============================================================================
