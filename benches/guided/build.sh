#!/usr/bin/env bash
# The gateway for production, optimised by what it does most (profile-guided optimisation): built with counters, put to work
# by `train.sh`, built again by what they counted. The programs come to `target/guided/`; prints their paths.
#
#   benches/guided/build.sh           needs cargo, curl, and llvm-profdata: rustup component add llvm-tools
#   benches/guided/build.sh fill      that program of the benches too, optimised by the same counts
#
# Guided are flattap, its HTTP server and its cache: requests and records spend most of their time there. They and the few
# crates between them are built twice; what takes long to compile, the query engine and the table format, once and as
# always. What `cargo build --release` made of them before is gone afterwards.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=(flattap actix-codec actix-http actix-router actix-server actix-service actix-web moka)
benches=("$@")
host=$(rustc -vV | sed -n 's/^host: //p')
profdata=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
[ -x "$profdata" ] || { echo "llvm-profdata is missing: rustup component add llvm-tools" >&2; exit 1; }
command -v curl >/dev/null || { echo "curl is missing" >&2; exit 1; }
target=$(cargo metadata --locked --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
out=${target:?}/guided
rm -rf "$out"
mkdir -p "$out/counts"

# Cargo does not see which flags `rustc.sh` adds, and would take for good what was made with others. So nothing is left of
# it, before, between and after.
forget() { cargo clean --quiet --locked --release "${packages[@]/#/--package=}"; }
trap forget EXIT

# build FLAG: prints the path of each program.
build() {
    local crates="${packages[*]} ${benches[*]}"
    RUSTC_WRAPPER=$PWD/benches/guided/rustc.sh GUIDED_FLAG=$1 GUIDED_CRATES=${crates//-/_} \
        cargo build --locked --release --bin flattap "${benches[@]/#/--bench=}" --message-format=json-render-diagnostics |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}

echo "building with counters" >&2
forget
programs=$(build "-Cprofile-generate=$out/counts")
echo "putting it to work" >&2
benches/guided/train.sh "$(grep '/flattap$' <<<"$programs")"
"$profdata" merge --output="$out/counts.profdata" "$out/counts"
echo "building by what was counted" >&2
forget
programs=$(build "-Cprofile-use=$out/counts.profdata")
while read -r program; do
    # Programs of the benches have a number behind their names.
    cp "$program" "$out/$(basename "$program" | sed 's/-[0-9a-f]\{16\}$//')"
done <<<"$programs"
rm -r "$out/counts" "$out/counts.profdata"
printf '%s\n' "$out"/*
