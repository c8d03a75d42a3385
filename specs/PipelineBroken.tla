--------------------------- MODULE PipelineBroken ---------------------------
(* One fault: a run looks at a release that is agreed to and not on record. *)
EXTENDS Pipeline

VisibleAtOnce == release \in {"agreed", "recorded"}
=============================================================================
