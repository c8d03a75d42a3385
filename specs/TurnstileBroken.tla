-------------------------- MODULE TurnstileBroken --------------------------
(* One fault: a place that is given back wakes only the one whose turn it   *)
(* is. Where that tenant may not go on, the others in line are not asked.   *)
EXTENDS Turnstile

AdvanceFirstOnly(s) == IF 1 \in Ready(s) THEN Shift(s) ELSE s
=============================================================================
