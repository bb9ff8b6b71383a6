#!/usr/bin/env bash
# rustc for `build.sh`, which names it to Cargo: with GUIDED_FLAG for the crates of GUIDED_CRATES. In their programs what is
# run most lies side by side, a megabyte of a hundred, and so on few pages and close to the processor.
set -euo pipefail
if [[ " $* " =~ " --crate-name "([^ ]+)" " && " $GUIDED_CRATES " == *" ${BASH_REMATCH[1]} "* ]]; then
    exec "$@" "$GUIDED_FLAG" -Clink-arg=-Wl,-z,keep-text-section-prefix
fi
exec "$@"
