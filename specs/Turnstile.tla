----------------------------- MODULE Turnstile -----------------------------
(* Who may work and who waits: daemon/gate/turnstile.ts with its two parts, *)
(* Shares (daemon/platform/pool/shares.ts) and FairLine (fair-line.ts).     *)
(* One action is one synchronous piece of that code; between two of them    *)
(* anybody else may come, leave or finish.                                  *)
EXTENDS Naturals, Sequences, FiniteSets, TLC

CONSTANTS
    Tenants,
    Each,        \* Requests a tenant has; each may come again and again.
    Places,      \* Turnstile.inside_max
    WaitingMax   \* Turnstile.waiting_max

Jobs == Tenants \X (1..Each)
TenantOf(j) == j[1]

VARIABLES
    inside,  \* Shares.#held: who works.
    lane,    \* FairLine.#lines: of each tenant, who waits, first come first.
    turns    \* The keys of that map in their order: whose turn is next.

vars == <<inside, lane, turns>>

Range(s) == {s[i] : i \in DOMAIN s}
Without(s, x) == SelectSeq(s, LAMBDA y : y # x)
Waiting == UNION {Range(lane[t]) : t \in Tenants}
Held(in, t) == Cardinality({j \in in : TenantOf(j) = t})

\* Shares.admits: anybody up to Places, above that only who holds none, up to twice as many.
Admits(in, t) ==
    \/ Cardinality(in) < Places
    \/ Held(in, t) = 0 /\ Cardinality(in) < 2 * Places

Line == [in |-> inside, lane |-> lane, turns |-> turns]
Becomes(state) == LET s == TLCEval(state) IN inside' = s.in /\ lane' = s.lane /\ turns' = s.turns

\* FairLine.push and FairLine.remove; a tenant without anybody in line has no turn.
Push(s, j) ==
    [s EXCEPT !.lane[TenantOf(j)] = Append(@, j),
              !.turns = IF TenantOf(j) \in Range(@) THEN @ ELSE Append(@, TenantOf(j))]
Drop(s, j) ==
    LET rest == Without(s.lane[TenantOf(j)], j)
    IN [s EXCEPT !.lane[TenantOf(j)] = rest,
                 !.turns = IF rest = <<>> THEN Without(@, TenantOf(j)) ELSE @]

\* FairLine.shift: the first tenant in turn who may, whose next turn comes last.
Ready(s) == {i \in DOMAIN s.turns : Admits(s.in, s.turns[i])}
Shift(s) ==
    LET t == s.turns[CHOOSE i \in Ready(s) : \A k \in Ready(s) : i <= k]
        j == Head(s.lane[t])
        after == Drop(s, j)
    IN [after EXCEPT !.in = @ \cup {j},
                     !.turns = IF t \in Range(@) THEN Append(Without(@, t), t) ELSE @]

\* Turnstile.advance: a loop, so that no place stays empty while somebody may take it.
RECURSIVE Advance(_)
Advance(s) == IF Ready(s) = {} THEN s ELSE Advance(TLCEval(Shift(s)))

\* FairLine.popLongest: whose last one gives way, if that tenant has more in line than the newcomer's would then have.
Longer(t) == {o \in Tenants : Len(lane[o]) > Len(lane[t]) + 1}

Init == inside = {} /\ lane = [t \in Tenants |-> <<>>] /\ turns = <<>>

\* Turnstile.enter.
Come(j) ==
    LET t == TenantOf(j) IN
    /\ j \notin inside \cup Waiting
    /\ IF Admits(inside, t)
       THEN inside' = inside \cup {j} /\ UNCHANGED <<lane, turns>>
       ELSE IF Cardinality(Waiting) < WaitingMax
       THEN Becomes(Push(Line, j))
       ELSE \E o \in Longer(t) :
            /\ \A p \in Tenants : Len(lane[p]) <= Len(lane[o])
            /\ Becomes(Push(Drop(Line, lane[o][Len(lane[o])]), j))

\* The work is over: Shares.give, then Turnstile.advance.
Finish(j) == j \in inside /\ Becomes(Advance(TLCEval([Line EXCEPT !.in = @ \ {j}])))

\* The caller goes away while in line; `leave` in Turnstile.enter.
Leave(j) == j \in Waiting /\ Becomes(Drop(Line, j))

Next == \E j \in Jobs : Come(j) \/ Finish(j) \/ Leave(j)

\* All work ends: its deadline sees to that. Said of the state, because TLC takes minutes over ENABLED of what Finish does.
Spec == Init /\ [][Next]_vars /\ \A j \in Jobs : []<>(j \notin inside)

----------------------------------------------------------------------------
TypeOK ==
    /\ inside \subseteq Jobs
    /\ \A t \in Tenants : Range(lane[t]) \subseteq {j \in Jobs : TenantOf(j) = t}
    /\ Range(turns) = {t \in Tenants : lane[t] # <<>>} /\ Len(turns) = Cardinality(Range(turns))

\* Nobody is at two places, or in none of them and forgotten.
OnePlace == inside \cap Waiting = {} /\ \A t \in Tenants : Len(lane[t]) = Cardinality(Range(lane[t]))

Bounded == Cardinality(inside) <= 2 * Places /\ Cardinality(Waiting) <= WaitingMax

\* Above its share no tenant holds more than one place of the second half.
OwnShare == Cardinality(inside) > Places => \A t \in Tenants : Held(inside, t) <= Places

\* A place that somebody in line may have is never empty.
NoIdlePlace == \A t \in Tenants : lane[t] # <<>> => ~Admits(inside, t)

\* Whoever waits is let in, gives way or leaves: one tenant's flood starves nobody.
Served == \A j \in Jobs : (j \in Waiting) ~> (j \notin Waiting)
=============================================================================
