"""Writes episodes from JSON lines as Parquet with DuckDB, in the columns that our export has, and prints the seconds of the middle round."""
import sys
import time

packages, lines, path, rounds = sys.argv[1:5]
sys.path.insert(0, packages)
import duckdb

RESOURCES = ["usd_micro", "tokens", "gpu_us", "cpu_us"]
AMOUNTS = "STRUCT(usd_micro BIGINT, tokens BIGINT, gpu_us BIGINT, cpu_us BIGINT)"
PRICES = "STRUCT(usd_micro DOUBLE, tokens DOUBLE, gpu_us DOUBLE, cpu_us DOUBLE)"
CLASSES = ["person", "email", "phone", "iban", "card", "token"]
EPISODE = f"""STRUCT(v INTEGER, id VARCHAR, at_ms BIGINT, space VARCHAR, split VARCHAR, context JSON, redacted STRUCT({", ".join(name + " BIGINT" for name in CLASSES)}),
  eligible STRUCT(arm VARCHAR, propensity DOUBLE)[], drawn VARCHAR, executed VARCHAR, propensity DOUBLE, forced VARCHAR, policy VARCHAR, seed VARCHAR, counter BIGINT, epoch BIGINT,
  prices {PRICES}, reserved {AMOUNTS}, reason VARCHAR, outcome STRUCT(reward DOUBLE, definition VARCHAR, version BIGINT, constraints JSON, usage {AMOUNTS}, delay_ms BIGINT, censored BOOLEAN))"""
FLAT = ["id", "space", "split", "eligible", "drawn", "executed", "propensity", "forced", "policy", "seed", "counter", "epoch", "reason"]
COLUMNS = (
    ["e.v AS v", "make_timestamp(e.at_ms * 1000) AS decided_at", "learnable", "CAST(e.context AS VARCHAR) AS context"]
    + [f"CAST(e.context->>'{name}' AS {kind}) AS context_{name}" for name, kind in [("tokens", "DOUBLE"), ("urgent", "BOOLEAN"), ("language", "VARCHAR"), ("title", "VARCHAR")]]
    + [f"e.{name} AS {name}" for name in FLAT]
    + [f"e.redacted.{name} AS redacted_{name}" for name in CLASSES]
    + [f"e.{group}.{name} AS {prefix}_{name}" for group, prefix in [("prices", "price"), ("reserved", "reserved"), ("outcome.usage", "used")] for name in RESOURCES]
    + ["e.outcome IS NOT NULL AS outcome", "e.outcome.reward AS reward", "e.outcome.definition AS reward_definition", "e.outcome.version AS reward_version"]
    + ["e.outcome.censored AS censored", "e.outcome.delay_ms AS delay_ms", "CAST(e.outcome.constraints AS VARCHAR) AS constraints", "CAST(e.outcome.constraints->>'failed' AS DOUBLE) AS constraint_failed"]
)
QUERY = f"COPY (SELECT {', '.join(COLUMNS)} FROM (SELECT episode AS e, learnable FROM read_json('{lines}', format = 'newline_delimited', columns = {{episode: '{EPISODE}', learnable: 'BOOLEAN'}}))) TO '{path}' (FORMAT parquet)"

seconds = []
for _ in range(int(rounds)):
    start = time.perf_counter()
    duckdb.sql(QUERY)
    seconds.append(time.perf_counter() - start)
print(sorted(seconds)[len(seconds) // 2])
