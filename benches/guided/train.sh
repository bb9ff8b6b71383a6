#!/usr/bin/env bash
# Puts a gateway to work: loads the demo's events, reads every table in every format, and asks for one answer again and
# again. `build.sh` has its counters run meanwhile. Fails when an answer is not the one that was wanted.
#
#   benches/guided/train.sh PROGRAM           needs curl; some 60 s
#   HITS=100 FILLS=1 benches/guided/train.sh PROGRAM
#
# What is not done here counts as rare, and is made small rather than fast: so each way of asking has its place here. HITS
# and FILLS are such that loading and kept answers take about the same share.
set -euo pipefail
command -v curl >/dev/null || { echo "curl is missing" >&2; exit 1; }

program=$1 HITS=${HITS:-30000} FILLS=${FILLS:-12}
work=$(mktemp -d)
demo=
finish() {
    if [ -n "$demo" ]; then kill "$demo" 2>/dev/null || true; fi
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
fail() {
    tail -n 20 "$work/log" >&2
    printf '%s\n' "$@" >&2
    exit 1
}

# It says where it listens, once it does.
"$program" demo --listen 127.0.0.1:0 --data-dir "$work/store" 2>"$work/log" &
demo=$!
base=
until [ -n "$base" ]; do
    kill -0 "$demo" 2>/dev/null || fail "the demo has ended"
    sleep 0.1
    base=$(sed -n 's|^ *page *\(http:[^ ]*\)/$|\1|p' "$work/log")
done

# ask STATUS PATH [OPTION…]: the path may have curl's ranges, each of whose requests must be answered so; what follows a #
# is not sent, but a range in it repeats the request.
key=(-H 'X-API-Key: demo-key')
ask() {
    local status=$1 path=$2 told
    shift 2
    told=$(curl -sS --noproxy '*' --max-time 120 --fail-with-body --fail-early -o "$work/answer" -w '%{http_code}\n' \
        "${key[@]}" "$@" "$base$path" 2>"$work/curl" | sort -u) || true
    [ "$told" = "$status" ] || fail "$path: ${told//$'\n'/ } instead of $status" "$(<"$work/curl")" "$(head -c 2000 "$work/answer")"
}
formats='{csv,json,ndjson,arrow,parquet,xlsx}'
month='range=last_30_days&wait=100s'
week='range=last_7_days&wait=100s'
bought="event=Charged&$month"
sql() { ask 200 "/v1/sql.$formats?$month" --get --data-urlencode "q=$1"; }

# Loading: every event, then the one with lists of items over and over, each time by another condition.
for event in App%20Launched Product%20Viewed Added%20To%20Cart Charged App%20Uninstalled %E8%B3%BC%E5%85%A5%E5%AE%8C%E4%BA%86; do
    ask 200 "/v1/events.csv?event=$event&range=last_90_days&wait=100s"
done
for ((fill = 0; fill < FILLS; fill++)); do
    ask 200 '/v1/events.csv?event=Charged&range=last_90_days&wait=100s' --get \
        --data-urlencode "where={\"event_properties\":[{\"name\":\"Amount\",\"operator\":\"greater_than\",\"value\":$fill}]}"
done

# Every table in every format, then the ways to ask for a part of one.
ask 200 "/v1/events.$formats?$bought"
ask 200 "/v1/events.$formats?event=Product%20Viewed&$month"
ask 200 "/v1/{event_items,event_counts,event_trends,profile_counts,profiles,profile_devices,profile_events}.$formats?event=Charged&$week"
ask 200 "/v1/property_counts.$formats?event=Charged&property=Amount&$week"
ask 200 "/v1/profile.$formats?identity=1"
ask 200 "/v1/{campaigns,campaign_reports,message_reports}.$formats?$week"
ask 200 "/v1/{realtime_counts,event_catalog,profile_properties}.$formats"
ask 200 "/v1/views/{campaign_performance,daily_active_users,monthly_active_users,purchase_funnel,revenue_by_day,top_products}.$formats?$month"
ask 200 "/v1/events.$formats?$bought&select=event_time,prop_amount,profile_city&orderby=prop_amount%20desc&top=[50-53]"
ask 200 "/v1/events.$formats?$bought&filter=prop_amount%20gt%20[1000-1003]%20and%20contains(profile_city,'a')"
ask 200 "/v1/events.csv?$bought&headers=name&datetime=space&newlines=space&bom=1"
ask 200 "/v1/events.csv?event=Charged&event=Added%20To%20Cart&$month"
ask 200 "/v1/events.json?$bought&shape=envelope&top=[100-110]"
sql 'SELECT event_date, count(*) AS orders, sum(prop_amount) AS revenue FROM events."Charged" GROUP BY 1 ORDER BY 1'
sql 'SELECT i.*, e.event_time FROM events."Charged" e JOIN event_items."Charged.Items" i ON e.row_id = i.row_id'
ask 200 '/odata/{,$metadata}'
ask 200 '/{,docs/,openapi.json,v1/,v1/tables,v1/tables/events/schema?event=Charged}'
ask 200 "/v1/tables/events/{explain,chart.svg}?event=Charged&$month"

# Answers that are kept: whole, compressed, in part, and unchanged; another way to show a key, and none.
kept='/v1/events.csv?event=Charged&range=yesterday&wait=100s'
ask 200 "$kept" --dump-header "$work/head"
tag=$(sed -n 's/^etag: *\([^\r]*\)\r*$/\1/Ip' "$work/head")
[ -n "$tag" ] || fail "an answer without an entity tag"
ask 200 "$kept#[1-$HITS]"
ask 304 "$kept#[1-$((HITS / 10 + 1))]" -H "If-None-Match: $tag"
ask 200 "$kept#[1-$((HITS / 10 + 1))]" --compressed
ask 206 "$kept#[1-$((HITS / 30 + 1))]" --range 100-999
ask 200 "/v1/events.$formats?$bought#[1-$((HITS / 100 + 1))]"
key=(--user any:demo-key)
ask 200 "$kept#[1-$((HITS / 10 + 1))]"
key=()
ask 401 "$kept"

# Its counters are written as it ends by itself.
kill "$demo"
wait "$demo" || fail "the demo ended with $?"
demo=
