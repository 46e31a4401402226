#!/usr/bin/env bash
# The router beside a Worker that returns the same bytes from R2 with no logic: the same workerd and R2, in turns, wrk with 16
# connections. With --through-entrypoint contents are read through the entrypoint before which Cloudflare has its cache, and
# workerd has none. Usage: router.sh FLAREKEEP [--through-entrypoint]. Needs wrk, python3, and what conformance/run installs.
set -euo pipefail
FLAREKEEP_BIN=$(realpath "$1") exec python3 "$(dirname "${BASH_SOURCE[0]}")/router.py" "${@:2}"
