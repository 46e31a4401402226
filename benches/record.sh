#!/usr/bin/env bash
# What `flarekeep record` adds to a call, and what it holds while 1 GiB goes through it: with the proxy and without, in turns, in
# one run.
#   benches/record.sh
# Needs cargo and python3. CALLS and MIB change how much is measured; BUILT names a folder of built programs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target}
if [ -z "${BUILT:-}" ]; then
    cargo build --release --manifest-path "$here/Cargo.toml" -p flarekeep
fi
exec python3 "$here/benches/record.py" "${BUILT:-$CARGO_TARGET_DIR/release}"
