"""Reads a folder of partitions with DuckDB, or with pyarrow and pandas, and prints as JSON what each makes of it."""
import json
import sys

packages, tool, folder = sys.argv[1:4]
sys.path.insert(0, packages)
PATTERN = folder + "/**/*.parquet"


def plain(value):
    """Times as milliseconds since 1970, everything else as it is; NaN would not be JSON."""
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value


def duckdb_reads():
    import duckdb

    duckdb.sql("SET TimeZone = 'UTC'")
    source = f"read_parquet('{PATTERN}', hive_partitioning = true)"
    found = duckdb.sql(f"SELECT * REPLACE (epoch_ms(decided_at) AS decided_at) FROM {source} ORDER BY id")
    names = [name for name, *_ in found.description]
    return {
        "version": duckdb.__version__,
        "types": {name: kind for name, kind, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM {source}").fetchall()},
        "rows": [plain(dict(zip(names, row))) for row in found.fetchall()],
        "hours": [list(map(str, row)) for row in duckdb.sql(f"SELECT router, hour, count(*) FROM {source} GROUP BY ALL ORDER BY ALL").fetchall()],
        "ips": duckdb.sql(f"SELECT sum(reward / propensity) / count(*) FROM {source} WHERE learnable").fetchall()[0][0],
        "arms": duckdb.sql(f"SELECT count(*) FROM (SELECT unnest(eligible) AS each FROM {source}) WHERE each.arm = 'local'").fetchall()[0][0],
    }


def pandas_reads():
    import pandas
    import pyarrow.dataset

    table = pyarrow.dataset.dataset(folder, format="parquet", partitioning="hive").to_table().sort_by("id")
    frame = pandas.read_parquet(folder, dtype_backend="pyarrow")
    learnable = frame[frame.learnable]
    return {
        "version": f"{pandas.__version__} with pyarrow {pyarrow.__version__}",
        "types": {field.name: str(field.type) for field in table.schema},
        "rows": [plain(row) for row in table.to_pylist()],
        "hours": [[str(router), str(hour), str(len(rows))] for (router, hour), rows in sorted(frame.groupby(["router", "hour"], observed=True), key=lambda pair: pair[0])],
        "ips": float((learnable.reward / learnable.propensity).sum() / len(learnable)),
        "decided_at": str(frame["decided_at"].dtype),
    }


print(json.dumps(duckdb_reads() if tool == "duckdb" else pandas_reads(), allow_nan=False))
