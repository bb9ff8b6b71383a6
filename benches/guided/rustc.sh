#!/usr/bin/env bash
# rustc for `build.sh`, which names it to Cargo: with one flag more, GUIDED_FLAG, for the crates of GUIDED_CRATES.
set -euo pipefail
if [[ " $* " =~ " --crate-name "([^ ]+)" " && " $GUIDED_CRATES " == *" ${BASH_REMATCH[1]} "* ]]; then
    exec "$@" "$GUIDED_FLAG"
fi
exec "$@"
