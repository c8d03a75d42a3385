--------------------------- MODULE ReporterTrace ----------------------------
(* A recorded run of daemon/reporter/reporter.ts. Whether the host has what *)
(* was not answered nobody sees: both are tried.                            *)
EXTENDS Reporter, Sequences, Recorded

VARIABLE at

Row == Recorded[at]
Seen == next' = Row.next /\ tries' = Row.tries /\ Cardinality(dead') = Row.dead

TraceInit == Init /\ at = 1
TraceNext ==
    /\ at <= Len(Recorded) /\ at' = at + 1
    /\ CASE Row.action = "Publish" -> Publish /\ Row.place = next
         [] Row.action = "Save" -> Save /\ Row.place = next
         [] Row.action = "Fail" -> (Fail \/ PublishUnheard) /\ Row.place = next
         [] Row.action = "GiveUp" -> (Fail \/ Hopeless) /\ Row.place = next /\ next' = next + 1
         [] Row.action = "Crash" -> Crash
    /\ Seen

Unfinished == at <= Len(Recorded)
=============================================================================
