#!/usr/bin/env bash
# The audit of 2,000 tokens beside a bare client, which is the limit, and beside the official async Python SDK; in one run, in
# random order.
#   benches/audit.sh
# Needs cargo and python3. The SDK comes from conformance/.venv, else into benches/.peers/audit, in the version of
# conformance/requirements.in. ROUNDS and LATENCY change how much is measured; BUILT names a folder of built programs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/target}
if [ -z "${BUILT:-}" ]; then
    cargo build --release --manifest-path "$here/Cargo.toml" -p flarekeep
    cargo build --release --manifest-path "$here/Cargo.toml" -p flarekeep-cloudflare --example bare_tokens
fi
python=${PYTHON:-$here/conformance/.venv/bin/python}
if ! "$python" -c 'import cloudflare' 2>/dev/null; then
    python=$here/benches/.peers/audit/bin/python
    [ -x "$python" ] ||
        { python3 -m venv "$here/benches/.peers/audit" && "$python" -m pip install --quiet $(grep -E '^cloudflare==' "$here/conformance/requirements.in"); } >&2
fi
exec "$python" "$here/benches/audit.py" "${BUILT:-$CARGO_TARGET_DIR/release}" "$python"
