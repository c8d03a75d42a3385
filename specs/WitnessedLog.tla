---------------------------- MODULE WitnessedLog ----------------------------
(* The node's log and one witness of it: daemon/evidence/log/growing.ts     *)
(* appends, daemon/evidence/cosigned shows its head, daemon/witness (here   *)
(* or elsewhere) cosigns what takes nothing back. The node loses power at   *)
(* any moment and comes back with what is on disk; entries differ, so that  *)
(* another entry in the same place is another history.                      *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Entries,  \* Set of numbers; each is appended at most once.
    Losses    \* How often the power goes.

VARIABLES
    seen,     \* The log as a reader of this process finds it.
    disk,     \* The log as it is after a loss of power.
    told,     \* Entries whose caller has an answer.
    tried,    \* Entries that somebody had appended, answered or not.
    shown,    \* Heads on their way to the witness.
    witness,  \* What the witness cosigned last. On its disk before it answers.
    kept,     \* The longest head this node has with its cosignature: checkpoint.witnessed.
    losses

vars == <<seen, disk, told, tried, shown, witness, kept, losses>>

IsPrefix(a, b) == Len(a) <= Len(b) /\ SubSeq(b, 1, Len(a)) = a
Range(s) == {s[i] : i \in DOMAIN s}

Init == seen = <<>> /\ disk = <<>> /\ told = {} /\ tried = {} /\ shown = {} /\ witness = <<>> /\ kept = <<>> /\ losses = 0

\* store.atomic: entries, frontier, checkpoint and reply in one transaction, which is on disk when it returns.
Commit(e) == seen' = Append(seen, e) /\ disk' = Append(seen, e)

Add(e) ==
    /\ e \notin tried /\ tried' = tried \cup {e}
    /\ Commit(e)
    /\ UNCHANGED <<told, shown, witness, kept, losses>>

\* store.durable.
Flush == disk # seen /\ disk' = seen /\ UNCHANGED <<seen, told, tried, shown, witness, kept, losses>>

\* The reply leaves once its entry is on disk.
Tell(e) == e \in Range(disk) \ told /\ told' = told \cup {e} /\ UNCHANGED <<seen, disk, tried, shown, witness, kept, losses>>

\* Cosigning.round: whatever head there is now. Earlier ones may still be under way.
Show == seen # <<>> /\ seen # kept /\ shown' = shown \cup {seen} /\ UNCHANGED <<seen, disk, told, tried, witness, kept, losses>>

\* OwnWitness.cosign: a head that goes on from its own, which it remembers first; any other is refused.
Cosign(head) ==
    /\ head \in shown /\ shown' = shown \ {head}
    /\ IF IsPrefix(witness, head)
       THEN witness' = head /\ kept' = IF Len(head) > Len(kept) THEN head ELSE kept
       ELSE UNCHANGED <<witness, kept>>
    /\ UNCHANGED <<seen, disk, told, tried, losses>>

Lose ==
    /\ losses < Losses /\ losses' = losses + 1
    /\ seen' = disk /\ UNCHANGED <<disk, told, tried, shown, witness, kept>>

Next ==
    \/ \E e \in Entries : Add(e) \/ Tell(e)
    \/ Flush \/ Show \/ (\E head \in shown : Cosign(head)) \/ Lose
Spec ==
    /\ Init /\ [][Next]_vars
    /\ WF_vars(Show) /\ WF_vars(\E head \in shown : Cosign(head)) /\ \A e \in Entries : WF_vars(Tell(e))

-----------------------------------------------------------------------------
TypeOK == Range(seen) \subseteq Entries /\ told \subseteq tried /\ losses \in 0..Losses

\* Whoever was answered finds its entry, whatever happened since.
ToldIsDurable == told \subseteq Range(disk)

\* The witness holds no history but this node's: it will always cosign the next head.
OneHistory == IsPrefix(witness, seen)

\* Nothing in the log is ever taken back or changed.
AppendOnly == [][IsPrefix(disk, disk')]_vars
WitnessOnlyForward == [][IsPrefix(witness, witness')]_vars

\* Every entry that is answered is one day under the witness's word.
Witnessed == \A e \in Entries : (e \in told) ~> (e \in Range(kept))
=============================================================================
