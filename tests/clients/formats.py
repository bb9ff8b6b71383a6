"""Reads one table in every format with pandas, pyarrow, Polars and DuckDB, and prints what they see as JSON.

    python tests/clients/formats.py URL KEY

URL is the address of a table with {format} where the extension stands and without a key. Every reader's cells are
brought to the text that CSV has for them; a null is null. Parquet is also read by its URL, in pieces: by Polars and
pandas with the key in a header, by DuckDB (whose reading of URLs is an extension that may not be there) through
pyarrow's file.

    {"pyarrow parquet": {"columns": [...], "rows": [[...], ...]}, ...}
"""

import datetime
import decimal
import io
import json
import math
import os
import sys
import tempfile
import urllib.request

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet


def text(value):
    """A cell as CSV writes it."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        zone = "Z" if value.tzinfo else ""
        return value.replace(tzinfo=None).isoformat() + zone
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return repr(value) if isinstance(value, float) else str(value)


def table(columns, rows):
    return {"columns": list(columns), "rows": [[text(cell) for cell in row] for row in rows]}


def of_arrow(read):
    return table(read.column_names, zip(*(column.to_pylist() for column in read.columns)) if read.num_rows else [])


def of_polars(frame):
    return table(frame.columns, frame.rows())


def of_pandas(frame):
    # Arrow's types in pandas, so that an integer column with nulls stays one.
    return of_arrow(pa.Table.from_pandas(frame, preserve_index=False))


def of_duckdb(relation):
    # Not as Python's own times with a zone: for those DuckDB needs one package more.
    return of_arrow(relation.to_arrow_table())


def of_sheet(path):
    """Types are those of the cells: whole numbers come back as integers, an empty text as null."""
    import openpyxl

    sheet = openpyxl.load_workbook(path, read_only=True).active
    header, *rows = sheet.iter_rows(values_only=True)
    return table(header, rows)


def of_sheet_by_pandas(path):
    frame = pd.read_excel(path, engine="openpyxl", dtype=object, keep_default_na=False, na_values=[])
    rows = frame.astype(object).values.tolist()
    return table(frame.columns, [[None if cell == "" else cell for cell in row] for row in rows])


def main(url, key):
    duckdb.sql("set timezone = 'UTC'")
    seen = {}
    header = {"X-API-Key": key}

    def fetch(extension):
        return urllib.request.urlopen(urllib.request.Request(url.replace("{format}", extension), headers=header)).read()

    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for extension in ["arrow", "parquet", "ndjson", "xlsx"]:
            paths[extension] = os.path.join(folder, f"table.{extension}")
            with open(paths[extension], "wb") as file:
                file.write(fetch(extension))

        stream = pa.ipc.open_stream(open(paths["arrow"], "rb").read()).read_all()
        seen["pyarrow arrow"] = of_arrow(stream)
        seen["polars arrow"] = of_polars(pl.read_ipc_stream(paths["arrow"]))
        seen["pandas arrow"] = of_pandas(stream.to_pandas(types_mapper=pd.ArrowDtype))
        seen["duckdb arrow"] = of_duckdb(duckdb.from_arrow(stream))

        parquet = paths["parquet"]
        seen["pyarrow parquet"] = of_arrow(pa.parquet.read_table(parquet))
        seen["polars parquet"] = of_polars(pl.read_parquet(parquet))
        seen["pandas parquet"] = of_pandas(pd.read_parquet(parquet, dtype_backend="pyarrow"))
        seen["duckdb parquet"] = of_duckdb(duckdb.read_parquet(parquet))

        address = url.replace("{format}", "parquet")
        by_url = pd.read_parquet(address, storage_options=header, dtype_backend="pyarrow")
        seen["pandas parquet by url"] = of_pandas(by_url)
        scanned = pl.scan_parquet(f"{address}&api_key={key}")
        seen["polars parquet by url"] = of_polars(scanned.collect())
        if os.environ.get("FLATTAP_TEST_DUCKDB_HTTPFS"):
            duckdb.sql("load httpfs")
            seen["duckdb parquet by url"] = of_duckdb(duckdb.sql(f"from read_parquet('{address}&api_key={key}')"))

        lines = [json.loads(line) for line in open(paths["ndjson"], encoding="utf-8")]
        names = list(lines[0])
        seen["python ndjson"] = table(names, [[line[name] for name in names] for line in lines])
        duck = duckdb.read_json(paths["ndjson"], format="newline_delimited")
        seen["duckdb ndjson columns"] = {"columns": duck.columns, "count": len(duck)}
        # It forgets the order of keys.
        frame = pl.read_ndjson(paths["ndjson"], infer_schema_length=None).select(names)
        seen["polars ndjson columns"] = {"columns": frame.columns, "count": len(frame)}
        frame = pd.read_json(io.StringIO(open(paths["ndjson"], encoding="utf-8").read()), lines=True)
        seen["pandas ndjson columns"] = {"columns": list(frame.columns), "count": len(frame)}

        seen["openpyxl xlsx"] = of_sheet(paths["xlsx"])
        seen["pandas xlsx"] = of_sheet_by_pandas(paths["xlsx"])
        frame = pl.read_excel(paths["xlsx"], engine="openpyxl", infer_schema_length=None)
        seen["polars xlsx columns"] = {"columns": frame.columns, "count": len(frame)}
    print(json.dumps(seen, ensure_ascii=False))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
    sys.stdout.flush()
    # The readers' own threads sometimes abort the interpreter while it shuts down, which says nothing about the data.
    os._exit(0)
