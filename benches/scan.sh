#!/usr/bin/env bash
# `flarekeep scan` beside a bare walk with memchr, which is the limit, ripgrep with ASCII patterns for the same credentials, and
# kingfisher; in one run, in random order, over the registry's sources of this project's dependencies.
#   benches/scan.sh
# Needs cargo, python3 and rg (RG names another one). kingfisher comes from PyPI into benches/.peers/scan, or KINGFISHER names it;
# where it cannot be had, it is left out. ROUNDS says how often all are run, BUILT names a folder of built programs, CORPUS a
# folder that is scanned in the place of the sources, which are copied below the target folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target}
if [ -z "${BUILT:-}" ]; then
    cargo build --release --locked --manifest-path "$here/Cargo.toml" -p flarekeep
    cargo build --release --locked --manifest-path "$here/Cargo.toml" -p flarekeep-scan --example bare_walk
fi
peers=$here/benches/.peers/scan
if [ -z "${KINGFISHER:-}" ]; then
    KINGFISHER=$peers/kingfisher/bin/kingfisher
    [ -x "$KINGFISHER" ] ||
        python3 -m pip install --quiet --target "$peers" kingfisher-bin==2.14.0 >&2 || KINGFISHER=
fi
if [ -z "${CORPUS:-}" ]; then
    CORPUS=$CARGO_TARGET_DIR/scan-corpus
    locks=()
    for beside in . benches fuzz oracles; do
        cargo fetch --quiet --locked --manifest-path "$here/$beside/Cargo.toml"
        locks+=("$here/$beside/Cargo.lock")
    done
    python3 "$here/benches/scan.py" --corpus "$CORPUS" "${locks[@]}"
fi
exec python3 "$here/benches/scan.py" "${BUILT:-$CARGO_TARGET_DIR/release}" "$CORPUS" "${RG:-rg}" "$KINGFISHER"
