"""Opens a kept table with tools that are not flattap's, and prints what they see as JSON.

    python tests/clients/lake.py FOLDER [COLUMN]

FOLDER is a table's folder (the one that holds `_delta_log`), COLUMN a column to add up. Needs the packages
`deltalake`, `pyarrow` and `duckdb`. Ends with 1 when the tools disagree.

    {"rows": 30, "days": ["2026-11-02"], "columns": ["row_id", ...], "sum": 90.0, "first": "...", "last": "..."}
"""

import json
import os
import math
import sys

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def by_arrow(dataset, column):
    """What PyArrow reads, file by file."""
    table = dataset.to_table()
    day = table.column("event_date")
    times = pc.min_max(table.column("event_time")) if table.num_rows else None
    return {
        "rows": table.num_rows,
        "days": sorted({value.as_py().isoformat() for value in pc.unique(day)}),
        "columns": table.column_names,
        "sum": float(pc.sum(table.column(column)).as_py() or 0) if column else None,
        "first": times["min"].as_py().isoformat() if times else None,
        "last": times["max"].as_py().isoformat() if times else None,
    }


def by_duckdb(dataset, column):
    """What DuckDB computes over the same snapshot."""
    kept = dataset  # found by its name in the query
    total = f"coalesce(sum({quoted(column)}), 0)" if column else "null"
    rows, days, total, first, last = duckdb.sql(
        f"select count(*), list(distinct event_date), {total}, min(event_time), max(event_time) from kept"
    ).fetchall()[0]
    return {
        "rows": rows,
        "days": sorted(day.isoformat() for day in days or []),
        # Not run: a reading that is broken off leaves threads behind, and Python aborts at its end.
        "columns": duckdb.sql("select * from kept").columns,
        "sum": None if total is None else float(total),
        "first": first and first.isoformat(),
        "last": last and last.isoformat(),
    }


def by_time(dataset, seen):
    """Readers skip files by the times in the log: asking for all times must skip nothing."""
    if seen["first"] is None:
        return 0
    time = pc.field("event_time")
    first, last = (pc.scalar(seen[bound]).cast("timestamp[us]") for bound in ("first", "last"))
    return dataset.to_table(filter=(time >= first) & (time <= last), columns=["event_time"]).num_rows


def main(folder, column=None):
    table = DeltaTable(folder)
    dataset = table.to_pyarrow_dataset()
    seen = by_arrow(dataset, column)
    other = by_duckdb(dataset, column)
    # Empty days have a file and no rows.
    files = pa.table(table.get_add_actions(flatten=True))
    kept = sorted(day.as_py().isoformat() for day in files["partition.event_date"])
    print(json.dumps({**seen, "kept_days": kept, "version": table.version()}, ensure_ascii=False))
    # They add up in different orders.
    if seen["sum"] is not None and math.isclose(seen["sum"], other["sum"], rel_tol=1e-9):
        other["sum"] = seen["sum"]
    if other != seen:
        sys.exit(f"DuckDB sees something else: {json.dumps(other, ensure_ascii=False)}")
    if by_time(dataset, seen) != seen["rows"]:
        sys.exit("a filter by event_time that allows all rows loses some")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
    sys.stdout.flush()
    # Everything is checked and said. The readers' own threads sometimes abort the interpreter while it shuts down,
    # which says nothing about the data, so it is left without its shutdown. A failure has raised before this line.
    os._exit(0)
