#!/usr/bin/env bash
# The gateway for production, optimised by what it does (profile-guided optimisation): built with counters, put to work by
# `train.sh`, built again with what they counted. The programs come to `target/guided/`; prints their paths.
#
#   benches/guided/build.sh                   needs cargo, curl, and llvm-profdata: rustup component add llvm-tools
#   benches/guided/build.sh --bench fill      that program of the benches too, optimised by the same counts
#
# Only flattap and what nothing else than flattap depends on is built so, hence twice: requests and records spend most of
# their time there, and what takes long to compile, the query engine and the table format, is built once and as always.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=(flattap actix-codec actix-http actix-router actix-server actix-service actix-web moka)
target=$(cargo metadata --locked --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
profdata=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/llvm-profdata
[ -x "$profdata" ] || { echo "llvm-profdata is missing: rustup component add llvm-tools" >&2; exit 1; }
counts=$target/guided/counts
rm -rf "$target/guided"
mkdir -p "$counts"

# What Cargo does not see: it takes what another way of building left for its own. So nothing is left, before and after.
forget() { cargo clean --quiet --locked --release "${packages[@]/#/--package=}"; }

# build FLAG [OPTION…]: prints each program's path.
build() {
    local flag=$1
    shift
    forget
    RUSTC_WRAPPER=$PWD/benches/guided/rustc.sh GUIDED_FLAG=$flag GUIDED_CRATES="${packages[*]//-/_} ${*/--bench/}" \
        cargo build --locked --release --bin flattap --message-format=json-render-diagnostics "$@" |
        sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}

trap forget EXIT
echo "building with counters" >&2
counting=$(build "-Cprofile-generate=$counts")
benches/guided/train.sh "$counting"
"$profdata" merge --output="$target/guided/counts.profdata" "$counts"
echo "building with what they counted" >&2
build "-Cprofile-use=$target/guided/counts.profdata" "$@" | while read -r program; do
    # Programs of the benches have a number in their names.
    cp "$program" "$target/guided/$(basename "$program" | sed 's/-[0-9a-f]\{16\}$//')"
done
rm -r "$counts" "$target/guided/counts.profdata"
printf '%s\n' "$target/guided/"*
