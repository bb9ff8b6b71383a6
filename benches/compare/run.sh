#!/usr/bin/env bash
# flattap beside a notebook (pandas, DuckDB) and beside nginx, on this machine, in turns; one table of ratios.
#
#   benches/compare/run.sh            needs cargo, curl, wrk, nginx, and python3 with pandas and duckdb
#   PYTHON=venv/bin/python ROUNDS=5 benches/compare/run.sh
#
# Loopback only; some 5 minutes after the build. Other load moves the figures, less so the ratios: each round runs
# every side once, and the table has the smallest and the median ratio of the rounds.
set -euo pipefail
cd "$(dirname "$0")/../.."

PYTHON=${PYTHON:-python3} ROUNDS=${ROUNDS:-3} PORT=${PORT:-19470}
missing=()
for tool in cargo curl wrk nginx sha256sum "$PYTHON"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
for module in pandas duckdb; do "$PYTHON" -c "import $module" 2>/dev/null || missing+=("python module $module"); done
if ((${#missing[@]})); then
    printf 'missing: %s\n' "${missing[@]}" >&2
    exit 1
fi

work=$(mktemp -d)
started=()
finish() {
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

cargo build --release --quiet
fill=$(cargo bench --quiet --no-run --bench fill --message-format=json 2>/dev/null |
    "$PYTHON" -c 'import json,sys
for line in sys.stdin:
    try: made = json.loads(line)
    except ValueError: continue
    if made.get("target", {}).get("name") == "fill" and made.get("executable"): print(made["executable"])' | tail -1)
flattap=$(dirname "$fill")/../flattap

# Pages to a table: 200,000 records in 50 pages.
"$fill" pages "$work/pages" 10 20000
for ((round = 0; round < ROUNDS; round++)); do
    timeout 120 "$fill" commit "$work/pages" 1 | awk '{print $3}' >>"$work/fill"
    timeout 120 "$PYTHON" benches/compare/notebook.py duckdb "$work/pages" "$work/duckdb.csv" >>"$work/duckdb"
    timeout 120 "$PYTHON" benches/compare/notebook.py pandas "$work/pages" "$work/pandas.csv" >>"$work/pandas"
done
rm -f "$work"/*.csv

# The same bytes again: some 100 KB of CSV, kept by flattap, and as a file of nginx's.
"$fill" simulator "127.0.0.1:$PORT" 6 120 2>/dev/null &
started+=($!)
key_hash=$(printf key | sha256sum | cut -d' ' -f1)
cat >"$work/flattap.toml" <<TOML
[server]
listen = "127.0.0.1:$((PORT + 1))"
admin_listen = "127.0.0.1:$((PORT + 2))"
[store]
url = "$work/store"
[accounts.main]
account_id = "TEST-DEM-OSH-0PZ"
passcode = "DEM-OPA-SSCD"
timezone = "Asia/Kolkata"
base_url = "http://127.0.0.1:$PORT"
[[auth.keys]]
name = "compare"
hash = "sha256:$key_hash"
accounts = ["*"]
tables = ["*"]
TOML
chmod 600 "$work/flattap.toml"
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
"$flattap" serve --config "$work/flattap.toml" 2>"$work/serve.log" &
started+=($!)
nginx -c "$work/nginx.conf" 2>/dev/null &
started+=($!)
day=$(date -u -d '-2 day' +%F)
ours="http://127.0.0.1:$((PORT + 1))/v1/events.csv?event=Charged&from=$day&to=$day"
for ((try = 0; try < 50; try++)); do
    curl -fs -o "$work/www/answer.csv" -H 'X-API-Key: key' "$ours" && break
    sleep 0.2
done
chmod -R a+rX "$work"
curl -fs -o /dev/null -D "$work/head" -H 'X-API-Key: key' "$ours"
grep -qi '^cache-status: flattap; hit' "$work/head" || { echo "the answer is not in the cache" >&2; exit 1; }
rate() { wrk -t1 -c16 -d8s "$@" | awk '/Non-2xx/ {bad = 1} /Requests.sec/ {if (bad) exit 1; print $2}'; }
for ((round = 0; round < ROUNDS; round++)); do
    rate -H 'X-API-Key: key' "$ours" >>"$work/hit"
    rate "http://127.0.0.1:$((PORT + 3))/answer.csv" >>"$work/nginx"
done

"$PYTHON" - "$work" <<'PYTHON'
import statistics
import sys
from pathlib import Path


def figures(name):
    return [float(line) for line in Path(sys.argv[1], name).read_text().split()]


rows = [
    ("pages to committed days, times as fast as pandas", "pandas", "fill", "s"),
    ("pages to committed days, times as fast as DuckDB", "duckdb", "fill", "s"),
    ("cached answer, requests/s as a share of nginx's", "hit", "nginx", "/s"),
]
print("| | smallest ratio | median ratio | medians |")
print("|---|---|---|---|")
for what, above, below, unit in rows:
    ratios = [a / b for a, b in zip(figures(above), figures(below), strict=True)]
    medians = f"{above} {statistics.median(figures(above)):.4g} {unit}, {below} {statistics.median(figures(below)):.4g} {unit}"
    print(f"| {what} | {min(ratios):.2f} | {statistics.median(ratios):.2f} | {medians} |")
PYTHON
