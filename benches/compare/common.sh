# What the comparisons share: tools, a simulated CleverTap, flattap before it. To be sourced by a script that has set
# `needed` (programs) and `modules` (of Python).

PYTHON=${PYTHON:-python3} PORT=${PORT:-19470}
missing=()
for tool in cargo curl sha256sum "$PYTHON" "${needed[@]}"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
for module in "${modules[@]}"; do "$PYTHON" -c "import $module" 2>/dev/null || missing+=("python module $module"); done
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

# Sets `fill` and `flattap`, the programs: those in the folder PROGRAMS (from the repository's), as
# `benches/guided/build.sh fill` left them; without it they are built, as for the image (BUILD=guided) or as
# `cargo build --release` does it (BUILD=release). Sets `built`, how.
build() {
    if [ -n "${PROGRAMS:-}" ]; then
        built="the programs of $PROGRAMS" fill=$PROGRAMS/fill flattap=$PROGRAMS/flattap
    else
        case ${BUILD:-guided} in
        guided)
            built="built as for the image"
            programs "$(benches/guided/build.sh fill)"
            ;;
        release)
            built="built by cargo build --release"
            programs "$(cargo build --locked --release --bin flattap --bench fill --message-format=json-render-diagnostics |
                sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')"
            ;;
        *)
            echo "BUILD is guided or release" >&2
            exit 1
            ;;
        esac
    fi
    [ -x "$fill" ] && [ -x "$flattap" ] || { echo "no fill or no flattap, $built" >&2; exit 1; }
}

# programs PATHS, a line each. Those of benches have a number behind their names.
programs() {
    fill=$(grep '/fill[^/]*$' <<<"$1" || true)
    flattap=$(grep '/flattap$' <<<"$1" || true)
}

# simulate DAYS ROWS: so many rows of every event on each of so many days, behind PORT. Sets `simulated`, its process,
# and `first` and `last`, the whole days.
simulate() {
    : >"$work/simulator.log"
    "$fill" simulator "127.0.0.1:$PORT" "$(($1 + 1))" "$2" 2>"$work/simulator.log" &
    simulated=$!
    started+=("$simulated")
    until grep -q ' to ' "$work/simulator.log"; do sleep 0.1; done
    first=$(awk '{print $(NF - 2)}' "$work/simulator.log")
    last=$(date -u -d "$(awk '{print $NF}' "$work/simulator.log") -1 day" +%F)
}

# serve: flattap behind PORT + 1, its store in $work/store. Sets `server`, its process, and `ours`, its address.
serve() {
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
# On a slow machine a day may grow old before the last one is loaded.
open_day_ttl = "1d"
base_url = "http://127.0.0.1:$PORT"
[[auth.keys]]
name = "compare"
hash = "sha256:$(printf key | sha256sum | cut -d' ' -f1)"
accounts = ["*"]
tables = ["*"]
# As the others see them.
pii = "clear"
TOML
    chmod 600 "$work/flattap.toml"
    # Without a line per request, as nginx.
    FLATTAP_LOG=warn "$flattap" serve --config "$work/flattap.toml" 2>"$work/serve.log" &
    server=$!
    started+=("$server")
    ours="http://127.0.0.1:$((PORT + 1))/v1"
    until curl -fs -o /dev/null "http://127.0.0.1:$((PORT + 2))/livez"; do
        kill -0 "$server" || { cat "$work/serve.log" >&2; exit 1; }
        sleep 0.1
    done
}

# Ends the server and its simulator.
stop() {
    for process in "$server" "$simulated"; do
        kill "$process"
        wait "$process" 2>/dev/null || true
    done
}

ask() { curl -fsS -H 'X-API-Key: key' "$@"; }

# load QUERY: until all days of the period are kept.
load() {
    local told status
    # 503 says that the days are being loaded.
    status=$(curl -s -o "$work/first" -w '%{http_code}' -H 'X-API-Key: key' -H 'Range: bytes=0-0' "$ours/events.csv?$1&wait=0s")
    case $status in 200 | 206 | 503) ;; *) cat "$work/first" >&2; exit 1 ;; esac
    while :; do
        told=$(ask "$ours/tables/events/explain?$1")
        case $told in *'"cold":0'*) return ;; esac
        kill -0 "$server" || { cat "$work/serve.log" >&2; exit 1; }
        sleep 0.5
    done
}

# Megabytes (2^20) that flattap had resident at most since the last call.
peak() {
    awk '/^VmHWM/ {printf "%.0f\n", $2 / 1024}' "/proc/$server/status"
    echo 5 >"/proc/$server/clear_refs"
}
