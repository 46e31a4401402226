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
