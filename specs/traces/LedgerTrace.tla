---------------------------- MODULE LedgerTrace -----------------------------
(* A recorded run of daemon/tenants/ledger, with its own promises, budgets  *)
(* and windows. What work really took is seen when it is settled.           *)
EXTENDS Ledger, Sequences, Recorded

VARIABLE at

Row == Recorded[at]
TraceBudgetOf(a) == R_Budgets[a]
TracePromisedFor(w) == R_Promised[w]
TraceWindowNow(a) == IF R_WindowS[a] = 0 THEN 0 ELSE (now \div R_WindowS[a]) * R_WindowS[a]

Seen == \A i \in DOMAIN Row.rows : LET row == Row.rows[i] IN spent'[row.key] = row.spent /\ reserved'[row.key] = row.reserved /\ window'[row.key] = row.window

\* As many steps of Work as it took.
Works1(w, u) == IsOpen(w) /\ u <= PromisedFor(w) /\ used' = [used EXCEPT ![w] = u] /\ UNCHANGED <<spent, reserved, window, now, open, free, deaths>>

\* As many steps of Tick as went by.
TickTo(t) == t > now /\ now' = t /\ UNCHANGED <<spent, reserved, window, open, used, free, deaths>>

\* One of those who would pay has too little left, or (of another dimension) this says nothing.
Refuse(w, payers, here) ==
    /\ ~IsOpen(w) /\ here => \E a \in payers : ~Covers(a, w)
    /\ UNCHANGED vars

TraceInit == Init /\ at = 1
TraceNext ==
    /\ at <= Len(Recorded) /\ at' = at + 1
    /\ CASE Row.action = "Tick" -> TickTo(Row.now)
         [] Row.action = "Reserve" -> Reserve(Row.work, Row.payers)
         [] Row.action = "Refuse" -> Refuse(Row.work, Row.payers, Row.here)
         [] Row.action = "Work" -> Works1(Row.work, Row.used)
         [] Row.action = "Settle" -> Settle(Row.work)
         [] Row.action = "SettleAgain" -> UNCHANGED vars
         [] Row.action = "Die" -> Die /\ {row.work : row \in open} = Row.stale
    /\ Seen

Unfinished == at <= Len(Recorded)
=============================================================================
