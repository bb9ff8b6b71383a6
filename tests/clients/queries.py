"""Asks the gateway and DuckDB the same questions over the same rows, and prints where the answers differ.

    python tests/clients/queries.py BASE KEY QUERY

QUERY is the query string of the period. The rows come from the gateway as JSON, which tells null and "" apart.

    {"filters": 200, "sql": 30, "rows": 412, "different": [{"asked": "...", "gateway": [...], "duckdb": [...]}]}
"""

import json
import math
import os
import random
import sys
import urllib.parse
import urllib.request

import duckdb
import pyarrow as pa

FILTERS = 200
ARROW = {
    "text": pa.string(),
    "json": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


class Gateway:
    def __init__(self, base, key, period):
        self.base, self.key, self.period = base, key, period

    def get(self, path, words):
        query = urllib.parse.urlencode(words, doseq=True)
        request = urllib.request.Request(f"{self.base}{path}?{query}&{self.period}", headers={"X-API-Key": self.key})
        try:
            with urllib.request.urlopen(request, timeout=100) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{path} {words}: {error.read().decode()}") from None

    def table(self, table, **words):
        """The rows as an Arrow table of the schema page's types, and those types."""
        # The rows first: of a table that was never loaded only the fixed columns are known.
        rows = self.get(f"/v1/{table}.json", words)
        types = {c["name"]: c["type"] for c in self.get(f"/v1/tables/{table}/schema.json", words)}
        columns = []
        for name, kind in types.items():
            cells = [row[name] for row in rows]
            if kind in ("date", "timestamp"):
                text = pa.array([cell.rstrip("Z") if cell else None for cell in cells], pa.string())
                columns.append(text.cast(ARROW[kind]))
            else:
                columns.append(pa.array(cells, ARROW[kind]))
        return pa.table(columns, names=list(types)), types


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Conditions:
    """Makes conditions in OData's grammar, each with the SQL that means the same."""

    def __init__(self, seed, table, types):
        self.random = random.Random(seed)
        self.table = table
        self.columns = {}
        for name, kind in types.items():
            kind = "utc" if name == "event_time_utc" else {"json": "text"}.get(kind, kind)
            # Of other UTC columns the schema page does not tell that they are.
            if kind == "timestamp" and name != "event_time":
                continue
            self.columns.setdefault(kind, []).append(name)

    def column(self, kind):
        return self.random.choice(self.columns[kind])

    def cell(self, name):
        cells = [cell for cell in self.table[name].to_pylist() if cell is not None]
        return self.random.choice(cells) if cells else None

    def text(self, depth=0):
        choice = self.random.randrange(8) if depth < 2 else 0
        if choice == 5:
            odata, sql = self.text(depth + 1)
            start, length = self.random.randrange(4), self.random.randrange(6)
            return f"substring({odata},{start},{length})", f"substr({sql},{start + 1},{length})"
        if choice == 6:
            odata, sql = self.text(depth + 1)
            name, function = self.random.choice([("tolower", "lower"), ("toupper", "upper"), ("trim", "trim")])
            return f"{name}({odata})", f"{function}({sql})"
        if choice == 7:
            one, other = self.text(depth + 1), self.text(depth + 1)
            return f"concat({one[0]},{other[0]})", f"({one[1]} || {other[1]})"
        name = self.column("text")
        return name, f'"{name}"'

    def text_value(self):
        value = self.cell(self.column("text"))
        value = "" if value is None else value
        if self.random.random() < 0.4:
            start = self.random.randrange(len(value) + 1)
            value = value[start : start + self.random.randrange(1, 5)]
        value = "".join(letter for letter in value if letter.isprintable())[:40]
        return quoted(value), quoted(value)

    def number(self, depth=0):
        choice = self.random.randrange(7) if depth < 2 else self.random.randrange(3)
        if choice == 2:
            value = self.random.choice([0, 1, 7, 100, -3, 2.5, 1000.25])
            return str(value), str(value) if isinstance(value, int) else f"{value}::DOUBLE"
        if choice == 3:
            one, other = self.number(depth + 1), self.number(depth + 1)
            word, sign = self.random.choice([("add", "+"), ("sub", "-")])
            return f"({one[0]} {word} {other[0]})", f"({one[1]} {sign} {other[1]})"
        if choice == 4:
            one, other = self.number(depth + 1), self.number(depth + 1)
            word, sign = self.random.choice([("mul", "*"), ("divby", "/")])
            right = f"{other[1]}::DOUBLE" if sign == "*" else f"nullif({other[1]}::DOUBLE, 0)"
            return f"({one[0]} {word} {other[0]})", f"({one[1]}::DOUBLE {sign} {right})"
        if choice == 5:
            odata, sql = self.number(depth + 1)
            name, function = self.random.choice([("floor", "floor"), ("ceiling", "ceil")])
            return f"{name}({odata})", f"{function}({sql}::DOUBLE)"
        if choice == 6:
            if self.random.random() < 0.5:
                odata, sql = self.text(1)
                return f"length({odata})", f"length({sql})"
            part = self.random.choice(["year", "month", "day", "hour", "minute", "second"])
            name = self.column(self.random.choice(["timestamp", "utc"]))
            return f"{part}({name})", f'{part}("{name}")'
        name = self.column(self.random.choice(["integer", "number"]))
        return name, f'"{name}"'

    def comparison(self, one, other):
        word, sign = self.random.choice(
            [("eq", None), ("ne", None), ("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<=")]
        )
        odata = f"{one[0]} {word} {other[0]}"
        if word == "eq":
            return odata, f"({one[1]} IS NOT DISTINCT FROM {other[1]})"
        if word == "ne":
            return odata, f"({one[1]} IS DISTINCT FROM {other[1]})"
        return odata, f"coalesce({one[1]} {sign} {other[1]}, false)"

    def leaf(self):
        choice = self.random.randrange(9)
        if choice == 0:
            return self.comparison(self.number(), self.number())
        if choice == 1:
            return self.comparison(self.text(), self.text_value())
        if choice == 2:
            name, function = self.random.choice(
                [("contains", "contains"), ("startswith", "starts_with"), ("endswith", "ends_with")]
            )
            text, value = self.text(), self.text_value()
            return f"{name}({text[0]},{value[0]})", f"{function}({text[1]}, {value[1]})"
        if choice == 3:
            name = self.column("boolean")
            value = self.random.choice(["true", "false", "null"])
            return self.comparison((name, f'"{name}"'), (value, value)) if value != "null" else (
                f"{name} eq null",
                f'("{name}" IS NULL)',
            )
        if choice == 4:
            name = self.column("date")
            day = self.cell(name)
            return self.comparison((name, f'"{name}"'), (day.isoformat(), f"DATE '{day}'"))
        if choice == 5:
            name = self.column("timestamp")
            time = self.cell(name)
            return self.comparison((name, f'"{name}"'), (time.isoformat(), f"TIMESTAMP '{time}'"))
        if choice == 6:
            name = self.column("utc")
            time = self.cell(name)
            return self.comparison((name, f'"{name}"'), (f"{time.isoformat()}Z", f"TIMESTAMP '{time}'"))
        if choice == 7:
            name = self.column(self.random.choice(["text", "integer", "number", "date", "boolean"]))
            word, sql = self.random.choice([("eq", "IS NULL"), ("ne", "IS NOT NULL")])
            return f"{name} {word} null", f'("{name}" {sql})'
        kind = self.random.choice(["text", "integer"])
        name = self.column(kind)
        cells = [self.cell(name) for _ in range(3)]
        values = [quoted(cell) if kind == "text" else str(cell) for cell in cells if cell is not None]
        values = [value for value in values if value.isprintable() and len(value) < 80] or ["null"]
        holds = " OR ".join(f'"{name}" IS NOT DISTINCT FROM {value}' for value in values)
        return f"{name} in ({','.join(values)})", f"({holds})"

    def condition(self, depth=0):
        choice = self.random.randrange(6) if depth < 3 else 0
        if choice == 4:
            odata, sql = self.condition(depth + 1)
            return f"not ({odata})", f"(NOT ({sql}))"
        if choice in (2, 3, 5):
            one, other = self.condition(depth + 1), self.condition(depth + 1)
            word = self.random.choice(["and", "or"])
            return f"({one[0]}) {word} ({other[0]})", f"(({one[1]}) {word} ({other[1]}))"
        return self.leaf()

    def order(self):
        keys = []
        for _ in range(self.random.randrange(3)):
            name = self.column(self.random.choice(["text", "integer", "number", "date", "timestamp", "boolean"]))
            if name not in [key[0] for key in keys]:
                keys.append((name, self.random.choice(["asc", "desc"])))
        odata = ",".join(f"{name} {way}" for name, way in keys)
        own = [f'"{name}" {way} NULLS {"FIRST" if way == "asc" else "LAST"}' for name, way in keys]
        return odata, ", ".join([*own, "event_time", "row_id"])


def differ(one, other):
    if isinstance(one, float) or isinstance(other, float):
        if one is None or other is None:
            return one != other
        return not math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)
    return one != other


def plain(cell):
    """A cell of DuckDB's as JSON has it."""
    if hasattr(cell, "isoformat"):
        return cell.isoformat()
    if type(cell).__name__ == "Decimal":
        return float(cell)
    return cell


def check_filters(gateway, known, seed):
    table, types = gateway.table("events", event="Charged")
    known.register("charged", table)
    conditions = Conditions(seed, table, types)
    for _ in range(FILTERS):
        (condition, where), (order, by) = conditions.condition(), conditions.order()
        top, skip = conditions.random.choice([None, 0, 5, 50]), conditions.random.choice([0, 0, 3])
        words = {"event": "Charged", "select": "row_id", "filter": condition, "skip": skip}
        sql = f"SELECT row_id FROM charged WHERE {where} ORDER BY {by}"
        if order:
            words["orderby"] = order
        if top is not None:
            words["top"] = top
            sql += f" LIMIT {top}"
        sql += f" OFFSET {skip}"
        found = [row["row_id"] for row in gateway.get("/v1/events.json", words)]
        wanted = [row[0] for row in known.sql(sql).fetchall()]
        if found != wanted:
            yield {"asked": str(words), "sql": sql, "gateway": found[:5], "duckdb": wanted[:5], "rows": [len(found), len(wanted)]}


SQL = [
    'SELECT count(*) AS n FROM events."Charged"',
    'SELECT event_date, count(*) AS n, sum(prop_amount) AS s FROM events."Charged" GROUP BY event_date ORDER BY 1',
    'SELECT platform, avg(prop_amount) AS a, min(prop_amount) AS lo, max(prop_amount) AS hi FROM events."Charged" GROUP BY 1 ORDER BY 1 NULLS FIRST',
    'SELECT prop_currency, count(DISTINCT identity) AS people FROM events."Charged" GROUP BY 1 HAVING count(*) > 3 ORDER BY 1',
    'SELECT row_id, prop_amount FROM events."Charged" ORDER BY prop_amount DESC NULLS LAST, row_id LIMIT 20',
    'SELECT e.row_id, count(*) AS lines, sum(i.item_quantity * i.item_price) AS total FROM events."Charged" e JOIN event_items."Charged.Items" i ON i.row_id = e.row_id GROUP BY 1 ORDER BY 1',
    'SELECT i.item_product, sum(i.item_quantity) AS sold FROM event_items."Charged.Items" i GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10',
    'SELECT e.event_date, c.count AS counted, count(*) AS rows FROM events."Charged" e JOIN event_counts."Charged" c ON c.period_start = e.event_date GROUP BY 1, 2 ORDER BY 1',
    'SELECT a.event_date, count(*) AS n FROM events."Added To Cart" a LEFT JOIN events."Charged" c ON c.object_id = a.object_id AND c.event_time > a.event_time WHERE c.row_id IS NULL GROUP BY 1 ORDER BY 1',
    'SELECT count(*) AS n FROM events."Charged" c WHERE EXISTS (SELECT 1 FROM events."Added To Cart" a WHERE a.object_id = c.object_id)',
    'SELECT count(*) AS n FROM events."Charged" c WHERE c.object_id NOT IN (SELECT object_id FROM events."Added To Cart" WHERE object_id IS NOT NULL)',
    'SELECT object_id FROM events."Charged" INTERSECT SELECT object_id FROM events."Added To Cart" ORDER BY 1',
    'SELECT object_id FROM events."Charged" EXCEPT SELECT object_id FROM events."Added To Cart" ORDER BY 1',
    'SELECT event_name, count(*) AS n FROM (SELECT event_name FROM events."Charged" UNION ALL SELECT event_name FROM events."Added To Cart") t GROUP BY 1 ORDER BY 1',
    'WITH daily AS (SELECT event_date, sum(prop_amount) AS s FROM events."Charged" GROUP BY 1) SELECT event_date, s, sum(s) OVER (ORDER BY event_date) AS running FROM daily ORDER BY 1',
    'SELECT row_id, row_number() OVER (PARTITION BY event_date ORDER BY prop_amount DESC NULLS LAST, row_id) AS place FROM events."Charged" ORDER BY 1 LIMIT 50',
    'SELECT event_date, event_date - lag(event_date) OVER (ORDER BY event_date) AS gap FROM (SELECT DISTINCT event_date FROM events."Charged") d ORDER BY 1 LIMIT 1',
    'SELECT CASE WHEN prop_amount >= 1000 THEN \'large\' WHEN prop_amount IS NULL THEN \'none\' ELSE \'small\' END AS size, count(*) AS n FROM events."Charged" GROUP BY 1 ORDER BY 1',
    'SELECT extract(hour FROM event_time) AS h, count(*) AS n FROM events."Charged" GROUP BY 1 ORDER BY 1',
    'SELECT count(*) FILTER (WHERE platform = \'Android\') AS android, count(*) FILTER (WHERE platform = \'iOS\') AS ios FROM events."Charged"',
    'SELECT upper(substr(make, 1, 2)) AS m, length(coalesce(model, \'\')) AS l, count(*) AS n FROM events."Charged" GROUP BY 1, 2 ORDER BY 1 NULLS FIRST, 2',
    'SELECT e.platform, round(stddev_samp(prop_amount), 3) AS s, round(median(prop_amount), 3) AS m FROM events."Charged" e GROUP BY 1 ORDER BY 1 NULLS FIRST',
    'SELECT round(corr(prop_amount, prop_shipping), 6) AS c FROM events."Charged"',
    'SELECT p.profile_id, count(*) AS n FROM profiles."Charged" p JOIN events."Charged" e ON e.identity = p.identity GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 25',
    'SELECT s.event_name, sum(s.count) AS n FROM profile_events."Charged" s GROUP BY 1 ORDER BY 1',
    'SELECT d.platform, count(DISTINCT d.profile_id) AS people FROM profile_devices."Charged" d GROUP BY 1 ORDER BY 1 NULLS FIRST',
    'SELECT status, count(*) AS n FROM campaigns GROUP BY 1 ORDER BY 1 NULLS FIRST',
    'SELECT m.channel, sum(m.viewed) AS v, sum(m.clicked) AS c FROM message_reports m GROUP BY 1 ORDER BY 1 NULLS FIRST',
    'SELECT a.event_date, a.n AS bought, b.n AS added FROM (SELECT event_date, count(*) AS n FROM events."Charged" GROUP BY 1) a FULL JOIN (SELECT event_date, count(*) AS n FROM events."Added To Cart" GROUP BY 1) b ON a.event_date = b.event_date ORDER BY 1',
    'SELECT e.row_id FROM events."Charged" e WHERE e.prop_amount > (SELECT avg(prop_amount) FROM events."Charged" x WHERE x.event_date = e.event_date) ORDER BY 1',
]


def check_sql(gateway, known):
    tables = [
        ("events", "Charged", {"event": "Charged"}),
        ("events", "Added To Cart", {"event": "Added To Cart"}),
        ("event_items", "Charged.Items", {"event": "Charged"}),
        ("event_counts", "Charged", {"event": "Charged", "by": "day"}),
        ("profiles", "Charged", {"event": "Charged"}),
        ("profile_events", "Charged", {"event": "Charged"}),
        ("profile_devices", "Charged", {"event": "Charged"}),
        ("campaigns", None, {}),
        ("message_reports", None, {}),
    ]
    for number, (table, event, words) in enumerate(tables):
        kept, _ = gateway.table(table, **words)
        known.register(f"kept_{number}", kept)
        if event is None:
            known.sql(f'CREATE TABLE "{table}" AS SELECT * FROM kept_{number}')
        else:
            known.sql(f'CREATE SCHEMA IF NOT EXISTS "{table}"')
            known.sql(f'CREATE TABLE "{table}"."{event}" AS SELECT * FROM kept_{number}')
    for sql in SQL:
        found = [list(row.values()) for row in gateway.get("/v1/sql.json", {"q": sql})]
        wanted = [[plain(cell) for cell in row] for row in known.sql(sql).fetchall()]
        same = len(found) == len(wanted) and not any(
            differ(one, other) for pair in zip(found, wanted) for one, other in zip(*pair)
        )
        if not same:
            yield {"asked": sql, "gateway": found[:5], "duckdb": wanted[:5], "rows": [len(found), len(wanted)]}


def main(base, key, period):
    gateway, known = Gateway(base, key, period), duckdb.connect()
    different = [*check_filters(gateway, known, seed=20261123), *check_sql(gateway, known)]
    rows = known.sql("SELECT count(*) FROM charged").fetchall()[0][0]
    print(json.dumps({"filters": FILTERS, "sql": len(SQL), "rows": rows, "different": different}, ensure_ascii=False))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
    sys.stdout.flush()
    # The readers' own threads sometimes abort the interpreter while it shuts down; everything is said by now.
    os._exit(0)
