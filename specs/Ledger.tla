------------------------------- MODULE Ledger -------------------------------
(* What tenants spend: daemon/tenants/ledger. Work is promised to every     *)
(* account that pays for it, or to none; settled once; and charged in full  *)
(* where the daemon died in between. Each action is one transaction.        *)
(* Amounts have one dimension here; the code compares each of three. All    *)
(* promises and budgets are alike but in LedgerTrace, which says its own.   *)
EXTENDS Integers, FiniteSets

CONSTANTS
    Accounts,
    Payings,    \* Who may pay together: a tenant, or a tenant and a token of its.
    Budget,     \* Of every account, for one window.
    Works,      \* Pieces of work, each under way at most once.
    Worst,      \* What one may take, and what is promised for it.
    Windows,    \* How many windows begin; 0 is the first.
    Deaths      \* How often the daemon dies.

VARIABLES
    spent,      \* AccountRow.spent, by account
    reserved,   \* AccountRow.reserved
    window,     \* AccountRow.window
    now,        \* Which window the clock is in.
    open,       \* Rows of ledger_reservations: [work, payers]
    used,       \* What each open piece really took so far. Nobody else knows.
    free,       \* What was really taken by closed pieces of work beyond what was charged for them.
    deaths

vars == <<spent, reserved, window, now, open, used, free, deaths>>

Init ==
    /\ spent = [a \in Accounts |-> 0] /\ reserved = [a \in Accounts |-> 0] /\ window = [a \in Accounts |-> 0]
    /\ now = 0 /\ open = {} /\ used = [w \in Works |-> 0] /\ free = 0 /\ deaths = 0

BudgetOf(a) == Budget
PromisedFor(w) == Worst
\* Which window of that account it is now.
WindowNow(a) == now

\* core.ts rolled(): a new window begins with nothing spent, and with what is still promised.
SpentNow(a) == IF WindowNow(a) > window[a] THEN 0 ELSE spent[a]
Rolled(a) == IF WindowNow(a) > window[a] THEN WindowNow(a) ELSE window[a]

IsOpen(w) == \E row \in open : row.work = w

\* core.ts shortfall(): on top of all that is spent and promised.
Covers(a, w) == SpentNow(a) + reserved[a] + PromisedFor(w) <= BudgetOf(a)

\* For every account before any of them is touched.
Reserve(w, payers) ==
    /\ ~IsOpen(w)
    /\ \A a \in payers : Covers(a, w)
    /\ spent' = [a \in Accounts |-> IF a \in payers THEN SpentNow(a) ELSE spent[a]]
    /\ window' = [a \in Accounts |-> IF a \in payers THEN Rolled(a) ELSE window[a]]
    /\ reserved' = [a \in Accounts |-> IF a \in payers THEN reserved[a] + PromisedFor(w) ELSE reserved[a]]
    /\ open' = open \cup {[work |-> w, payers |-> payers]}
    /\ UNCHANGED <<now, used, free, deaths>>

\* The work goes on; its limits stop it at what was promised.
Work(w) == IsOpen(w) /\ used[w] < PromisedFor(w) /\ used' = [used EXCEPT ![w] = @ + 1] /\ UNCHANGED <<spent, reserved, window, now, open, free, deaths>>

RECURSIVE Sum(_, _)
Sum(S, f) == IF S = {} THEN 0 ELSE LET x == CHOOSE y \in S : TRUE IN f[x] + Sum(S \ {x}, f)

Promised(rows) == Sum(rows, [row \in rows |-> PromisedFor(row.work)])

\* core.ts settled(), for every account of the rows, which are closed by it.
Charge(rows, amount) ==
    LET Of(a) == {row \in rows : a \in row.payers}
        over == [row \in rows |-> IF used[row.work] > amount[row] THEN used[row.work] - amount[row] ELSE 0]
    IN /\ spent' = [a \in Accounts |-> IF Of(a) = {} THEN spent[a] ELSE SpentNow(a) + Sum(Of(a), amount)]
       /\ window' = [a \in Accounts |-> IF Of(a) = {} THEN window[a] ELSE Rolled(a)]
       /\ reserved' = [a \in Accounts |-> reserved[a] - Promised(Of(a))]
       /\ free' = free + Sum(rows, over)
       /\ open' = open \ rows
       /\ used' = [w \in Works |-> IF \E row \in rows : row.work = w THEN 0 ELSE used[w]]

\* Ledger.settle: the row goes in the same transaction, so a second one finds none.
Settle(w) ==
    \E row \in open :
        /\ row.work = w
        /\ Charge({row}, [r \in {row} |-> used[r.work]])
        /\ UNCHANGED <<now, deaths>>

\* openLedger after a death: what stood open is charged as if all of it had been used.
Die ==
    /\ deaths < Deaths /\ deaths' = deaths + 1
    /\ Charge(open, [r \in open |-> PromisedFor(r.work)])
    /\ UNCHANGED now

Tick == now < Windows /\ now' = now + 1 /\ UNCHANGED <<spent, reserved, window, open, used, free, deaths>>

Next ==
    \/ \E w \in Works : Work(w) \/ Settle(w) \/ \E payers \in Payings : Reserve(w, payers)
    \/ Die \/ Tick
Spec == Init /\ [][Next]_vars /\ \A w \in Works : WF_vars(Settle(w))

-----------------------------------------------------------------------------
TypeOK == spent \in [Accounts -> Nat] /\ reserved \in [Accounts -> Nat] /\ now \in 0..Windows

\* What is promised is what stands open, to the unit.
PromisesAgree == \A a \in Accounts : reserved[a] = Promised({row \in open : a \in row.payers})

\* No account is promised or charged more than it has, in any window, whatever dies.
\* Work that began in the window before is still promised in this one.
WithinBudget == \A a \in Accounts : SpentNow(a) + reserved[a] <= BudgetOf(a)

\* Nothing was worked for nothing.
NothingFree == free = 0

\* Every promise is kept or charged.
Closed == \A w \in Works : IsOpen(w) ~> ~IsOpen(w)
=============================================================================
