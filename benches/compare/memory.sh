#!/usr/bin/env bash
# How much memory flattap takes for large tables: filling one, downloading it once, and downloading it to one reader at
# 1 kB/s and ten fast ones at a time. Prints megabytes (2^20) resident at most, and fails above the bounds.
#
#   benches/compare/memory.sh                       10 million rows in 20 days; Linux only, 10 GB of disk
#   DAYS=30 ROWS=100000 FILL=300 benches/compare/memory.sh
#
# BUILD and PROGRAMS say which build, as for `run.sh`.
set -euo pipefail
cd "$(dirname "$0")/../.."

DAYS=${DAYS:-20} ROWS=${ROWS:-500000} FILL=${FILL:-256} DOWNLOAD=${DOWNLOAD:-256} READERS=${READERS:-10}
needed=() modules=()
. benches/compare/common.sh

build
simulate "$DAYS" "$ROWS"
serve
period="event=Charged&from=$first&to=$last"
expected=$((DAYS * ROWS))

began=$(date +%s)
load "$period"
filled=$(peak)
echo "fill: $expected rows in $(($(date +%s) - began)) s, $filled MB"

began=$(date +%s)
lines=$(ask "$ours/events.csv?$period&newlines=space" | wc -l)
one=$(peak)
echo "one download: $lines lines in $(($(date +%s) - began)) s, $one MB"
[ "$lines" = "$((expected + 1))" ] || { echo "the table has $expected rows" >&2; exit 1; }

began=$(date +%s)
curl -s -o /dev/null --limit-rate 1k -H 'X-API-Key: key' "$ours/events.csv?$period" &
slow=$!
started+=("$slow")
fast=()
for ((reader = 0; reader < READERS; reader++)); do
    ask -o /dev/null -w '%{size_download}\n' "$ours/events.csv?$period" >"$work/size.$reader" &
    fast+=($!)
done
for reader in "${fast[@]}"; do wait "$reader"; done
kill -0 "$slow" || { echo "the slow reader lost its answer" >&2; exit 1; }
many=$(peak)
sizes=$(sort -u "$work"/size.* | wc -l)
echo "$READERS fast readers beside one at 1 kB/s: $(($(date +%s) - began)) s, $many MB"
[ "$sizes" = 1 ] || { echo "the readers got different answers" >&2; exit 1; }

[ "$filled" -le "$FILL" ] && [ "$one" -le "$DOWNLOAD" ] && [ "$many" -le "$DOWNLOAD" ] || {
    echo "more than $FILL MB to fill or $DOWNLOAD MB to download" >&2
    exit 1
}
