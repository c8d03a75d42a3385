# METADATA
# title: Default gate policy
# description: |
#   What each finding leads to, by class of actor. The table is data
#   (`data.json`); this file holds only the three rules that read it:
#   who the actor counts as, which column applies, and what softens it.
#   Settings of an operator or a repository are applied afterwards, by
#   `daemon/gate/effects.ts`, so that they hold under any bundle.
package maestro.gate

# Who the actor counts as. In mode `local` a person gates their own
# repository, so a claimed class is used as claimed. Anywhere else nobody
# becomes a person or a bot by writing so into a commit; a claim to be an
# agent is believed, because it only raises scrutiny.
default effective_class := "unknown"

effective_class := input.actor.class if believed

believed if input.mode == "local"

believed if input.actor.authenticated

believed if input.actor.class == "agent"

# Strictness of an effect: the place in this list.
rank := {"pass": 0, "note": 1, "hold": 2, "refuse": 3}

# The row of the table that speaks of a finding. Rules of outside tools
# (`command.NAME.RULE`) are many and not ours: a required tool's count by the
# level it gave them, any other's are advice.
row_of(finding) := finding.rule if data.maestro.table.rules[finding.rule]

row_of(finding) := row if {
	not data.maestro.table.rules[finding.rule]
	startswith(finding.rule, "command.")
	row := tool_row(finding)
}

tool_row(finding) := concat(".", ["command", finding.severity]) if required(finding.check)

tool_row(finding) := "command.advisory" if not required(finding.check)

required(check) if {
	some outcome in input.outcomes
	outcome.check == check
	outcome.required
}

# The effect of one finding: its column, or what the loosest of its tags
# softens it to. A tag never makes an effect stricter. A finding whose rule the
# table does not know gets no effect here, and `decide` holds what has none.
effect_of(finding) := effect if {
	entry := data.maestro.table.rules[row_of(finding)]
	column := entry.effects[effective_class]
	candidates := {rank[column]} | {rank[entry.soften[tag]] | some tag in finding.tags}
	effect := [name | some name, place in rank; place == min(candidates)][0]
}

# Why, in words of the table alone: nothing the change wrote gets in here.
because_of(finding) := concat(", ", array.concat(
	[concat(" by ", [entry.because, data.maestro.table.authors[effective_class]])],
	sort([data.maestro.table.tags[tag] | some tag in finding.tags; softens(entry, tag)]),
)) if {
	entry := data.maestro.table.rules[row_of(finding)]
}

softens(entry, tag) if rank[entry.soften[tag]] < rank[entry.effects[effective_class]]

effects := [answer |
	some finding in input.findings
	effect := effect_of(finding)
	answer := {
		"finding": finding.index,
		"effect": effect,
		"mode": data.maestro.table.rules[row_of(finding)].mode,
		"because": because_of(finding),
	}
]

# The whole answer. `reasons` is for what hangs on no finding; the default
# policy raises none.
answer := {
	"actor": effective_class,
	"effects": effects,
	"reasons": [],
}
