# The steps of .ci/run, for people. `just` lists them; `.ci/run STEP` does the same without just.

_list:
    @just --list --unsorted

# Everything that CI does
ci:
    .ci/run

# Format the code
format:
    cargo fmt --all

# Clippy, warnings denied
lint:
    .ci/run lint

# The README's test command
test:
    .ci/run test

# The engine against cedar-policy, on generated calls: `just oracles 1000000`
oracles cases="50000":
    cargo run --release --manifest-path oracles/Cargo.toml -- {{cases}}

# Licences, bans and sources of the dependencies
deny:
    .ci/run deny

# Check that the catalogue's tables are what a rebuild from their source makes
catalogue:
    .ci/run catalogue

# Real clients against the local Cloudflare: `just conformance python_sdk -k dns`
conformance *arguments:
    conformance/run {{arguments}}

# The whole story on the local Cloudflare
try:
    cargo run --release -- try
