# Policies that users might write, each of them wrong in one way but the last.
# `data.case` says which of them this bundle is: a test puts its own in.
package maestro.gate

nothing := {"actor": "human", "effects": [], "reasons": []}

answer := nothing if {
	data.case == "undefined"
	input.mode == "never"
}

answer := http.send({"method": "GET", "url": "http://127.0.0.1:1"}).body if data.case == "network"

answer := time.now_ns() if data.case == "clock"

answer := x if {
	data.case == "conflict"
	some x in [nothing, object.union(nothing, {"actor": "agent"})]
}

answer if data.case == "a bare true"

answer := {"verdict": "admit"} if data.case == "a verdict of its own"

answer := object.union(nothing, {"admit": true}) if data.case == "an unknown field"

answer := object.union(nothing, {"effects": [{"finding": 0, "effect": "admit", "mode": "enforce", "because": ""}]}) if data.case == "an unknown effect"

answer := object.union(nothing, {"effects": [{"finding": -1, "effect": "pass", "mode": "enforce", "because": ""}]}) if data.case == "a negative index"

answer := object.union(nothing, {"effects": [{"finding": 0.5, "effect": "pass", "mode": "enforce", "because": ""}]}) if data.case == "a fraction for an index"

answer := object.union(nothing, {"effects": [{"finding": 1e400, "effect": "pass", "mode": "enforce", "because": ""}]}) if data.case == "a number beyond all bounds"

reasons contains {"rule": name, "effect": "hold", "mode": "enforce", "because": "friday"} if some name in ["team.b", "team.a"]

answer := {"actor": input.actor.class, "effects": [], "reasons": [r | some r in reasons]} if data.case == "reasons"
