"""Runs the recipes of the gateway with their tools, and prints how many rows and columns each gives as JSON.

    FLATTAP_KEY=… python tests/clients/recipes.py BASE QUERY RSCRIPT [DUCKDB]

BASE is the gateway, QUERY the path below /v1/connect/ and the query string of a table. The texts are run as they are;
only `YOUR_KEY` is replaced, and the base where it differs. RSCRIPT is R's program for scripts. DUCKDB is a folder with a
DuckDB and its extension httpfs, which are of one version; without it DuckDB is left out.

    {"curl": {"rows": 30, "columns": [...]}, "pandas": …, "polars": …, "r": …, "duckdb": …}
"""

import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request


def recipes(base, query):
    request = urllib.request.Request(f"{base}/v1/connect/{query}", headers={"X-API-Key": os.environ["FLATTAP_KEY"]})
    with urllib.request.urlopen(request) as answer:
        return {recipe["tool"]: recipe["text"] for recipe in json.load(answer)}


def by_curl(text):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["sh", "-c", text], cwd=folder, check=True)
        (path,) = pathlib.Path(folder).iterdir()
        header, *rows = csv.reader(path.open(encoding="utf-8", newline=""))
        return {"file": path.name, "rows": len(rows), "columns": header}


def run(text, name):
    """What a text leaves in the variable that is called as the table."""
    names = {}
    exec(text, names)
    return names[name]


def by_pandas(text, name):
    frame = run(text, name)
    lines = [line for line in text.splitlines() if "parse_dates" not in line]
    parquet = "\n".join(lines).replace("read_csv", "read_parquet").replace(".csv?", ".parquet?")
    assert len(run(parquet, name)) == len(frame)
    times = [column for column in frame.columns if str(frame[column].dtype).startswith("datetime64")]
    return {"rows": len(frame), "columns": list(frame.columns), "times": times}


def by_polars(text, name):
    frame = run(text, name).collect()
    scanned = run(text.replace("scan_parquet", "scan_csv").replace(".parquet?", ".csv?"), name).collect()
    assert scanned.height == frame.height
    return {"rows": frame.height, "columns": frame.columns}


def by_r(text, name, rscript):
    look = f"""
        times <- names({name})[sapply({name}, inherits, what = "POSIXct")]
        writeLines(c(nrow({name}), paste(names({name}), collapse = ","), paste(times, collapse = ",")))
    """
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "recipe.R")
        script.write_text(f"{text}\n{look}", encoding="utf-8")
        # In a plain C locale R would write what is not ASCII as escapes.
        locale = {**os.environ, "LC_ALL": "C.UTF-8"}
        run = subprocess.run([rscript, "--vanilla", script], encoding="utf-8", capture_output=True, env=locale)
    if run.returncode:
        raise RuntimeError(run.stderr)
    rows, columns, times = run.stdout.splitlines()
    return {"rows": int(rows), "columns": columns.split(","), "times": times.split(",")}


# A process of its own: this one may have another DuckDB.
DUCKDB = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import duckdb
extension = next(pathlib.Path(sys.argv[1]).glob("duckdb_extension_httpfs/extensions/v*/httpfs.duckdb_extension"))
duckdb.sql(f"LOAD '{extension}'")
secret, query = sys.stdin.read().split(";\\n\\n")
duckdb.sql(secret)
def look(query):
    found = duckdb.sql(query)
    return {"rows": found.count("*").fetchone()[0], "columns": found.columns}
seen = look(query)
assert look(query.replace("read_parquet", "read_csv").replace(".parquet?", ".csv?")) == seen
print(json.dumps(seen))
"""


def by_duckdb(text, folder):
    text = text.replace("YOUR_KEY", os.environ["FLATTAP_KEY"])
    run = subprocess.run([sys.executable, "-c", DUCKDB, folder], input=text, text=True, capture_output=True)
    if run.returncode:
        raise RuntimeError(run.stderr)
    return json.loads(run.stdout)


def main(base, query, rscript, duckdb=None):
    texts = recipes(base, query)
    name = query.split("?")[0]
    seen = {
        "curl": by_curl(texts["curl"]),
        "pandas": by_pandas(texts["pandas"], name),
        "polars": by_polars(texts["polars"], name),
        "r": by_r(texts["r"], name, rscript),
    }
    if duckdb:
        seen["duckdb"] = by_duckdb(texts["duckdb"], duckdb)
    print(json.dumps(seen))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
    sys.stdout.flush()
    # As in url.py: the readers' threads are left without their shutdown.
    os._exit(0)
