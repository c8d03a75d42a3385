------------------------- MODULE WitnessedLogBroken -------------------------
(* One fault: a transaction can be read before it is on disk (what LMDB     *)
(* does with overlapping syncs). The witness is shown what a loss of power  *)
(* then takes back, and no later head of this log is cosigned any more.     *)
EXTENDS WitnessedLog

CommitOverlapping(e) == seen' = Append(seen, e) /\ disk' = disk
=============================================================================
