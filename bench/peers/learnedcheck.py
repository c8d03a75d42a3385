"""`learnedcheck PACKAGES FOLDER POLICY`: what DuckDB makes of the exported episodes that judged a policy file, by the definitions of inverse propensity scoring, and the file's digest. Prints JSON.

The router has two reversible arms and the exploration of `maestro demo learn`: half of all answers are drawn evenly from them, the rest is the arm of the largest mean.
"""
import hashlib
import json
import sys

packages, folder, path = sys.argv[1:4]
sys.path.insert(0, packages)
import duckdb

EPSILON = 0.5
text = open(path).read()
policy = json.loads(text)
(bucket,) = policy["buckets"]
best = {bucket["values"][cell["at"][0]]: max(cell["seen"], key=lambda seen: seen["mean"])["arm"] for cell in policy["cells"]}
chosen = " ".join(f"WHEN context_kind = '{value}' THEN '{arm}'" for value, arm in best.items())
source = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
rows = f"SELECT reward, propensity, CASE {chosen} END = executed AS wanted, executed IN ('large', 'small') AS drawn FROM {source} WHERE split = 'safety' AND learnable"
weighted = f"SELECT reward, (CASE WHEN wanted THEN {1 - EPSILON} ELSE 0 END + CASE WHEN drawn THEN {EPSILON / 2} ELSE 0 END) / propensity AS w FROM ({rows})"
count, ips, gain, weight = duckdb.sql(f"SELECT count(*), avg(w * reward), avg((w - 1) * reward), avg(w) FROM ({weighted})").fetchall()[0]
# As maestro learn fit writes it, a file is its canonical form and a line's end.
print(json.dumps({"version": duckdb.__version__, "rows": count, "ips": ips, "gain_ips": gain, "weight": weight, "candidate": hashlib.sha256(text.strip().encode()).hexdigest()}))
