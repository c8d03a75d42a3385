--------------------------- MODULE ReporterBroken ---------------------------
(* One fault: the cursor moves first, so a death in between loses a verdict. *)
EXTENDS Reporter

VARIABLE before  \* Place the cursor passed and that is still to be told; 0 for none, else one more than it. In memory.

MoveFirst ==
    \/ /\ next < Entries /\ before = 0
       /\ Move /\ before' = next + 1
       /\ UNCHANGED <<dead, told, crashes>>
    \/ /\ before > 0
       /\ told' = told \cup {before - 1} /\ before' = 0
       /\ UNCHANGED <<next, dead, tries, sent, crashes>>

BrokenCrash == Crash /\ before' = 0
BrokenSpec == Init /\ before = 0 /\ [][MoveFirst \/ BrokenCrash]_<<vars, before>>

\* What is under way counts as told.
NeverLost == \A place \in Places : place < next => place \in told \cup dead \/ before = place + 1
=============================================================================
