"""CleverTap's pages to a table, as it is done in a notebook (`pandas` or `duckdb`), or flattap's own files to one
(`copy`). Prints seconds.

    notebook.py pandas FOLDER OUTPUT.csv
    notebook.py duckdb FOLDER OUTPUT.csv
    notebook.py copy FOLDER OUTPUT.csv
"""

import json
import sys
import time
from pathlib import Path


def with_pandas(folder, output):
    import pandas

    records = []
    for page in sorted(Path(folder).glob("*.json")):
        with open(page, encoding="utf-8") as file:
            records.extend(json.load(file)["records"])
    pandas.json_normalize(records).to_csv(output, index=False)


def with_duckdb(folder, output):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    pages = f"{folder}/*.json"
    # A page is one object; its records are unnested and their three parts spread out into columns.
    connection.execute(
        "COPY (SELECT record.ts, unnest(record.profile), unnest(record.event_props) FROM "
        "(SELECT unnest(records) AS record FROM read_json(?, maximum_object_size = 100000000))) "
        "TO '" + output.replace("'", "''") + "' (FORMAT csv, HEADER)",
        [pages],
    )


def copy(folder, output):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    # The files are sorted within and named by their days.
    files = [str(file) for file in sorted(Path(folder).rglob("event_date=*/*.parquet"))]
    connection.execute(
        "COPY (SELECT * FROM read_parquet(?, hive_partitioning = true, union_by_name = true)) "
        "TO '" + output.replace("'", "''") + "' (FORMAT csv, HEADER)",
        [files],
    )


if __name__ == "__main__":
    tool, folder, output = sys.argv[1:]
    run = {"pandas": with_pandas, "duckdb": with_duckdb, "copy": copy}[tool]
    start = time.perf_counter()
    run(folder, output)
    print(f"{time.perf_counter() - start:.3f}")
