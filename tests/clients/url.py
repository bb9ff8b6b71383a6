"""Reads a table by its URL with pandas and DuckDB, and prints what they see as JSON.

    python tests/clients/url.py URL COLUMN

COLUMN is a column to add up. Both tools guess types from the text alone, as they do for everybody.

    {"pandas": {"rows": 30, "columns": ["row_id", ...], "days": [...], "sum": 90.0, "first": "...", "missing": {...}}, ...}
"""

import json
import os
import sys
import tempfile
import urllib.request

import duckdb
import pandas as pd

# Neither tool tells an empty text from a null: both count as missing.
COUNTED = ["identity", "email"]


def by_pandas(url, column):
    frame = pd.read_csv(url, parse_dates=["event_time"])
    return {
        "rows": len(frame),
        "columns": list(frame.columns),
        "days": sorted(frame["event_date"].unique().tolist()),
        "sum": float(frame[column].sum()),
        "first": frame["event_time"].iloc[0].isoformat(),
        "missing": {name: int(frame[name].isna().sum()) for name in [*COUNTED, column]},
    }


def by_duckdb(url, column):
    # DuckDB's own reading of URLs is an extension that it downloads; what matters here is how it reads the text.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table.csv")
        urllib.request.urlretrieve(url, path)
        kept = duckdb.read_csv(path)  # found by its name in the query
        names = [*COUNTED, column]
        missing = ", ".join(f'count(*) - count("{name}")' for name in names)
        rows, days, total, first, *counts = duckdb.sql(
            f'select count(*), list(distinct event_date), sum("{column}"), min(event_time), {missing} from kept'
        ).fetchall()[0]
        return {
            "rows": rows,
            "columns": kept.columns,
            "days": sorted(day.isoformat() for day in days),
            "sum": float(total),
            "first": first.isoformat(),
            "missing": dict(zip(names, counts)),
        }


def main(url, column):
    print(json.dumps({"pandas": by_pandas(url, column), "duckdb": by_duckdb(url, column)}, ensure_ascii=False))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
    sys.stdout.flush()
    # Everything is checked and said. The readers' own threads sometimes abort the interpreter while it shuts down,
    # which says nothing about the data, so it is left without its shutdown. A failure has raised before this line.
    os._exit(0)
