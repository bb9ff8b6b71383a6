#!/usr/bin/env bash
# flattap beside a notebook (pandas, DuckDB), DuckDB on the kept days, nginx and ROAPI, on this machine, in turns; one
# table of ratios.
#
#   benches/compare/run.sh            needs cargo, curl, wrk, nginx, roapi, and python3 with pandas and duckdb
#   PYTHON=venv/bin/python ROAPI=venv/bin/roapi ROUNDS=5 benches/compare/run.sh
#   BUILD=release benches/compare/run.sh      what `cargo build --release` makes, instead of what the image has
#   PROGRAMS=target/guided benches/compare/run.sh      what `benches/guided/build.sh fill` has made
#
# Loopback only; some 10 minutes after the build (`benches/guided/build.sh`, which says what it needs). Other load moves the
# figures, less so the ratios: each round runs every side once, and the table has the smallest and the median ratio of the
# rounds. Memory is `memory.sh`'s subject.
set -euo pipefail
cd "$(dirname "$0")/../.."

ROUNDS=${ROUNDS:-3} ROAPI=${ROAPI:-roapi}
needed=(wrk nginx "$ROAPI") modules=(pandas duckdb)
. benches/compare/common.sh
build

# Pages to a table: 200,000 records in 50 pages.
"$fill" pages "$work/pages" 10 20000
for ((round = 0; round < ROUNDS; round++)); do
    # Nobody pays for what another left to be written.
    sync
    timeout 300 "$fill" commit "$work/pages" 1 | awk '{print $3}' >>"$work/fill"
    sync
    timeout 300 "$PYTHON" benches/compare/notebook.py duckdb "$work/pages" "$work/duckdb.csv" >>"$work/duckdb"
    sync
    timeout 300 "$PYTHON" benches/compare/notebook.py pandas "$work/pages" "$work/pandas.csv" >>"$work/pandas"
done
rm -rf "$work"/*.csv "$work/pages"

# Kept days to CSV: a million rows, from the same files, on two threads each. The first reading of both is not counted.
simulate 10 100000
serve
period="event=Charged&from=$first&to=$last"
load "$period"
seconds() { ask -o /dev/null -w '%{time_total}\n' "$ours/events.csv?$period"; }
copy() { "$PYTHON" benches/compare/notebook.py copy "$work/store/TEST-DEM-OSH-0PZ" "$work/copy.csv"; }
seconds >/dev/null
copy >/dev/null
for ((round = 0; round < ROUNDS; round++)); do
    seconds >>"$work/down"
    copy >>"$work/copied"
done
rm -f "$work/copy.csv"
stop

# The same bytes again: CSV of some 100 KB and of some 1.2 MB, kept by flattap, as files of nginx's, and as tables of
# ROAPI's.
rm -rf "$work/store"
simulate 12 120
serve
mkdir "$work/www"
cat >"$work/nginx.conf" <<NGINX
worker_processes 2; daemon off; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 256; }
http {
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000; default_type text/csv; open_file_cache max=10;
    client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3;
    uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
    server {
        listen 127.0.0.1:$((PORT + 3)); root $work/www;
        add_header Cache-Control "private, max-age=300"; add_header X-Content-Type-Options nosniff;
        add_header Vary "Accept, Accept-Encoding, Authorization, X-API-Key";
    }
}
NGINX
load "event=Charged&from=$first&to=$last"
declare -A since=([small]=$last [large]=$first)
kept() { echo "$ours/events.csv?event=Charged&from=${since[$1]}&to=$last"; }
for size in small large; do
    ask -o "$work/www/$size.csv" "$(kept $size)"
    ask -o /dev/null -D "$work/head" "$(kept $size)"
    grep -qi '^cache-status: flattap; hit' "$work/head" || { echo "the answer is not in the cache" >&2; exit 1; }
done
chmod -R a+rX "$work"
nginx -c "$work/nginx.conf" 2>/dev/null &
started+=($!)
"$ROAPI" --addr-http "127.0.0.1:$((PORT + 4))" --addr-postgres "127.0.0.1:$((PORT + 5))" --addr-flight-sql "127.0.0.1:$((PORT + 6))" \
    --table "small=$work/www/small.csv" --table "large=$work/www/large.csv" >"$work/roapi.log" 2>&1 &
started+=($!)
rows="http://127.0.0.1:$((PORT + 4))/api/tables"
for size in small large; do
    for ((try = 0; try < 100; try++)); do
        curl -fs -o "$work/roapi.csv" -H 'Accept: application/csv' "$rows/$size" && break
        sleep 0.1
    done
    [ "$(wc -l <"$work/roapi.csv")" = "$(wc -l <"$work/www/$size.csv")" ] || { echo "ROAPI sends other rows" >&2; exit 1; }
done
rate() { wrk -t1 -c16 -d8s "$@" | awk '/Non-2xx/ {bad = 1} /Requests.sec/ {if (bad) exit 1; print $2}'; }
for ((round = 0; round < ROUNDS; round++)); do
    for size in small large; do
        rate -H 'X-API-Key: key' "$(kept $size)" >>"$work/hit $size"
        rate "http://127.0.0.1:$((PORT + 3))/$size.csv" >>"$work/nginx $size"
        rate -H 'Accept: application/csv' "$rows/$size" >>"$work/roapi $size"
    done
done

"$PYTHON" - "$work" "$built" <<'PYTHON'
import datetime
import os
import statistics
import sys
from pathlib import Path


def figures(name):
    return [float(line) for line in Path(sys.argv[1], name).read_text().split()]


def machine():
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} cores of {model}"


rows = [
    ("pages to committed days, times as fast as pandas", "pandas", "fill", "s"),
    ("pages to committed days, times as fast as DuckDB", "duckdb", "fill", "s"),
    ("a million kept rows to CSV, times as fast as DuckDB", "copied", "down", "s"),
    ("cached answer of 100 KB, requests/s as a share of nginx's", "hit small", "nginx small", "/s"),
    ("cached answer of 1.2 MB, requests/s as a share of nginx's", "hit large", "nginx large", "/s"),
    ("cached answer of 100 KB, requests/s as times ROAPI's", "hit small", "roapi small", "/s"),
    ("cached answer of 1.2 MB, requests/s as times ROAPI's", "hit large", "roapi large", "/s"),
]
print(f"{machine()}, {datetime.date.today()}, {sys.argv[2]}\n")
print("| | smallest ratio | median ratio | medians |")
print("|---|---|---|---|")
for what, above, below, unit in rows:
    ratios = [a / b for a, b in zip(figures(above), figures(below), strict=True)]
    medians = f"{above} {statistics.median(figures(above)):.4g} {unit}, {below} {statistics.median(figures(below)):.4g} {unit}"
    print(f"| {what} | {min(ratios):.2f} | {statistics.median(ratios):.2f} | {medians} |")
PYTHON
