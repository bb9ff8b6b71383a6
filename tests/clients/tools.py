"""Runs the Python texts of the page at `/`, and prints how many rows each reads as JSON.

    python tests/clients/tools.py KEY TEXTS

TEXTS is a JSON object with `pandas` and `polars`. Each text leaves the table in `events`.
"""

import json
import os
import sys


def table_of(text):
    names = {}
    exec(text, names)
    return names["events"]


def main(key, texts):
    os.environ["FLATTAP_KEY"] = key
    texts = json.loads(texts)
    by_pandas = table_of(texts["pandas"])
    by_polars = table_of(texts["polars"]).collect()
    print(json.dumps({
        "pandas": {"rows": len(by_pandas), "columns": list(by_pandas.columns),
                   "time": str(by_pandas["event_time"].dtype), "utc": str(by_pandas["event_time_utc"].dtype)},
        "polars": {"rows": by_polars.height, "columns": by_polars.columns},
    }))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
    sys.stdout.flush()
    # The readers' own threads sometimes abort the interpreter while it shuts down, which says nothing about the data.
    os._exit(0)
