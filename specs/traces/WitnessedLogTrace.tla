------------------------- MODULE WitnessedLogTrace --------------------------
(* A recorded run of the node's log and of what its witness cosigned, as    *)
(* this node saw it. A head that is shown once more is the same head.       *)
EXTENDS WitnessedLog, Recorded

VARIABLE at

Row == Recorded[at]
Head1(n) == SubSeq(seen, 1, n)

TraceInit == Init /\ at = 1
TraceNext ==
    /\ at <= Len(Recorded) /\ at' = at + 1
    /\ CASE Row.action = "Add" -> Add(Row.entry) /\ Len(seen') = Row.size
         [] Row.action = "Tell" -> Tell(Row.entry)
         [] Row.action = "Show" -> Row.size <= Len(seen) /\ IF Row.size = Len(seen) THEN Show ELSE Head1(Row.size) \in shown /\ UNCHANGED vars
         [] Row.action = "Cosign" -> Row.size <= Len(seen) /\ Cosign(Head1(Row.size)) /\ Len(kept') = Row.size
         [] Row.action = "Lose" -> Lose /\ Len(seen') = Row.size

Unfinished == at <= Len(Recorded)
=============================================================================
