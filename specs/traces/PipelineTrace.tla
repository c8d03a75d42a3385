--------------------------- MODULE PipelineTrace ----------------------------
(* A recorded run of one change through daemon/gate. When a run passes the  *)
(* point where it can be cancelled nobody says; releases are not looked at. *)
EXTENDS Pipeline, Recorded

VARIABLE at

Row == Recorded[at]

TraceInit == Init /\ at = 1
TraceNext ==
    \/ /\ at <= Len(Recorded) /\ at' = at + 1
       /\ CASE Row.action = "Ask" -> Ask(Row.client)
            [] Row.action = "Join" -> Join(Row.client) /\ Cardinality(attached') = Row.clients
            [] Row.action = "Leave" -> Leave(Row.client)
            [] Row.action = "Record" -> \E r \in Runs : Record(r) /\ Len(attempts') = Row.attempt
            [] Row.action = "Known" -> \E r \in Runs : Known(r) /\ Len(attempts) = Row.attempt
            [] Row.action = "Failed" -> \E r \in Runs : Failed(r)
            [] Row.action = "Cancelled" -> Cancelled
            [] Row.action = "Die" -> Die
    \/ at <= Len(Recorded) /\ at' = at /\ \E r \in Runs : Judged(r)

Unfinished == at <= Len(Recorded)
=============================================================================
