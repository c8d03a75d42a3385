package maestro.gate_test

import data.maestro.gate

classes := {"human", "agent", "bot", "unknown"}

# An input with one finding. `claim` is `{mode, class, authenticated}`.
input_of(claim, rule, tags) := {
	"mode": claim.mode,
	"actor": {"class": claim.class, "authenticated": claim.authenticated},
	"findings": [{"index": 0, "rule": rule, "tags": tags}],
}

local(class) := {"mode": "local", "class": class, "authenticated": false}

effect(claim, rule, tags) := answer.effects[0].effect if {
	answer := gate.answer with input as input_of(claim, rule, tags)
}

test_eight_rules_refuse_everybody if {
	refused := {
		"secret.token", "secret.private-key", "merge.conflict-marker", "text.bidi-control",
		"test.focused", "code.debugger", "dep.foreign-source", "path.unsafe",
	}
	every rule in refused {
		every class in classes {
			effect(local(class), rule, []) == "refuse"
		}
	}
}

test_hold_for_everybody if {
	held := {
		"path.case-collision", "path.submodule", "file.large-binary", "dep.install-script",
		"ci.privileged", "ci.permission-raised",
	}
	every rule in held {
		every class in classes {
			effect(local(class), rule, []) == "hold"
		}
	}
}

test_noted_for_people_and_bots_held_for_agents if {
	by_class := {
		"guard.self-edit", "guard.command-edited", "test.weakened", "test.skipped",
		"size.unreviewable", "dep.new-runtime",
	}
	every rule in by_class {
		effect(local("human"), rule, []) == "note"
		effect(local("bot"), rule, []) == "note"
		effect(local("agent"), rule, []) == "hold"
		effect(local("unknown"), rule, []) == "hold"
	}
}

test_everyday_edits_of_ci_are_held_for_agents_alone if {
	effect(local("human"), "ci.changed", []) == "pass"
	effect(local("bot"), "ci.changed", []) == "pass"
	effect(local("agent"), "ci.changed", []) == "hold"
	effect(local("unknown"), "ci.changed", []) == "hold"
}

test_unknown_is_judged_as_an_agent if {
	every _, entry in data.maestro.table.rules {
		entry.effects.unknown == entry.effects.agent
	}
}

test_every_entry_of_the_table_is_complete if {
	every _, entry in data.maestro.table.rules {
		object.keys(entry.effects) == classes
		entry.mode in {"observe", "enforce"}
		entry.because != ""
		every _, softened in entry.soften {
			every _, column in entry.effects {
				gate.rank[softened] < gate.rank[column]
			}
		}
	}
}

test_token_in_a_test_path_holds if {
	effect(local("human"), "secret.token", ["test-path"]) == "hold"
	effect(local("agent"), "secret.token", ["test-path", "fixture-path"]) == "hold"
	effect(local("human"), "secret.token", ["fixture-path"]) == "refuse"
}

test_private_key_in_a_fixture_or_known_is_noted if {
	effect(local("human"), "secret.private-key", ["fixture-path"]) == "note"
	effect(local("human"), "secret.private-key", ["at-base"]) == "note"
	effect(local("human"), "secret.private-key", ["test-path"]) == "refuse"
}

test_a_tag_never_makes_stricter if {
	every class in classes {
		effect(local(class), "ci.changed", ["test-path", "fixture-path", "generated", "at-base"]) == effect(local(class), "ci.changed", [])
	}
}

test_because_is_said_in_words_of_the_table if {
	answer := gate.answer with input as input_of(local("agent"), "secret.token", ["generated", "test-path"])
	answer.effects[0].because == "credential added by an agent, in a test path"
	plain := gate.answer with input as input_of(local("human"), "ci.changed", ["test-path"])
	plain.effects[0].because == "CI configuration changed by a person"
}

test_an_unproven_person_is_unknown_outside_local if {
	every mode in {"host", "fork", "sealed"} {
		every class in {"human", "bot"} {
			claim := {"mode": mode, "class": class, "authenticated": false}
			effect(claim, "ci.changed", []) == "hold"
			answer := gate.answer with input as input_of(claim, "ci.changed", [])
			answer.actor == "unknown"
		}
	}
}

test_a_proven_person_is_a_person_anywhere if {
	every mode in {"host", "fork", "sealed", "local"} {
		effect({"mode": mode, "class": "human", "authenticated": true}, "ci.changed", []) == "pass"
	}
}

test_a_claim_to_be_an_agent_is_believed if {
	answer := gate.answer with input as input_of({"mode": "host", "class": "agent", "authenticated": false}, "ci.changed", [])
	answer.actor == "agent"
}

test_a_class_nobody_defined_gets_no_effect if {
	answer := gate.answer with input as input_of(local("robot"), "ci.changed", [])
	answer.effects == []
}

test_a_rule_the_table_does_not_know_gets_no_effect if {
	answer := gate.answer with input as input_of(local("human"), "made.up", [])
	answer.effects == []
}

test_every_finding_keeps_its_index if {
	answer := gate.answer with input as {
		"mode": "local",
		"actor": {"class": "agent", "authenticated": false},
		"findings": [
			{"index": 0, "rule": "made.up", "tags": []},
			{"index": 1, "rule": "ci.changed", "tags": []},
			{"index": 2, "rule": "test.focused", "tags": []},
		],
	}
	[{"finding": 1, "effect": "hold"}, {"finding": 2, "effect": "refuse"}] == [{"finding": e.finding, "effect": e.effect} | some e in answer.effects]
}

test_no_finding_no_effect if {
	answer := gate.answer with input as {"mode": "local", "actor": {"class": "human", "authenticated": false}, "findings": []}
	answer == {"actor": "human", "effects": [], "reasons": []}
}

# One finding of a declared tool, and whether the tool is required.
tool_input(rule, severity, required) := {
	"mode": "local",
	"actor": {"class": "human", "authenticated": false},
	"findings": [{"index": 0, "rule": rule, "check": "command.lint", "severity": severity, "tags": ["test-path"]}],
	"outcomes": [{"check": "command.lint", "required": required}],
}

tool_effect(rule, severity, required) := answer.effects[0].effect if {
	answer := gate.answer with input as tool_input(rule, severity, required)
}

test_a_required_tool_counts_by_level if {
	tool_effect("command.lint.no-undef", "error", true) == "refuse"
	tool_effect("command.lint.no-undef", "warning", true) == "note"
	tool_effect("command.lint.no-undef", "note", true) == "note"
}

test_a_tool_that_is_not_required_only_notes if {
	tool_effect("command.lint.no-undef", "error", false) == "note"
}

test_a_rule_that_only_looks_like_a_tools_gets_no_effect if {
	answer := gate.answer with input as tool_input("commands.lint.no-undef", "error", true)
	answer.effects == []
}

test_nobody_accepts_their_own_findings if {
	every class in classes {
		effect(local(class), "waiver.self-added", []) == "hold"
		effect(local(class), "baseline.grown", []) == "hold"
	}
}

test_obligations if {
	every class in classes {
		effect(local(class), "obligation.failed", []) == "refuse"
		effect(local(class), "obligation.unavailable", []) == "hold"
		effect(local(class), "obligation.claimed", []) == "hold"
		effect(local(class), "obligation.advisory", []) == "note"
	}
}

# An error of one tool, where two ran and one is required.
two_tools(tool, required) := answer.effects[0].effect if {
	answer := gate.answer with input as {
		"mode": "local",
		"actor": {"class": "human", "authenticated": false},
		"findings": [{"index": 0, "rule": sprintf("%s.no-undef", [tool]), "check": tool, "severity": "error", "tags": []}],
		"outcomes": [{"check": check, "required": check == required} | some check in ["command.lint", "command.audit"]],
	}
}

test_one_tool_that_is_required_makes_no_other_one_so if {
	two_tools("command.audit", "command.lint") == "note"
	two_tools("command.lint", "command.audit") == "note"
}

test_a_required_tool_counts_whatever_else_ran if {
	two_tools("command.lint", "command.lint") == "refuse"
	two_tools("command.audit", "command.audit") == "refuse"
}

test_a_rule_of_the_table_that_is_named_like_a_tools_is_judged_by_its_own_row if {
	tool_effect("command.error", "note", true) == "refuse"
}

test_every_effect_says_whether_its_rule_only_observes if {
	answer := gate.answer with input as input_of(local("human"), "secret.token", [])
	{"finding": 0, "effect": "refuse", "mode": data.maestro.table.rules["secret.token"].mode, "because": "credential added by a person"} == answer.effects[0]
}

test_a_tag_that_softens_nothing_is_no_reason if {
	entry := {"effects": {"human": "hold"}, "soften": {"generated": "hold", "test-path": "note"}, "because": "made up", "mode": "enforce"}
	answer := gate.answer with input as input_of(local("human"), "made.up", ["generated", "test-path"])
		with data.maestro.table.rules as {"made.up": entry}
	answer.effects[0].effect == "note"
	answer.effects[0].because == "made up by a person, in a test path"
}
