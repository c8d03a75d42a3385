---------------------------- MODULE LedgerBroken ----------------------------
(* One fault: after a death what stood open is not charged, so a change     *)
(* that brings its daemon down works for nothing.                           *)
EXTENDS Ledger

DieForgetting ==
    /\ deaths < Deaths /\ deaths' = deaths + 1
    /\ Charge(open, [r \in open |-> 0])
    /\ UNCHANGED now
=============================================================================
