#!/bin/sh
# Runs migrator: from source in a checkout, as installed elsewhere.
#
# usage: scripts/migrate.sh --action=create|check|up|down|redo|status|… [OPTION…]
#
#   scripts/migrate.sh --action=create --service=tenant --name=create_tenants_table
#   scripts/migrate.sh --action=up --service=all
#   scripts/migrate.sh --action=down --service=tenant
#
# Any option of `migrator ACTION` may follow; `--action=help` lists the actions.
set -eu

action=
is_next=
for argument in "$@"; do
    shift
    case $is_next$argument in
        yes*) action=$argument is_next= ;;
        --action=*) action=${argument#--action=} ;;
        --action) is_next=yes ;;
        *) set -- "$@" "$argument" ;;
    esac
done
if [ -z "$action" ]; then
    echo 'error: no action is named' >&2
    echo 'help: scripts/migrate.sh --action=create|up|down|status --service=NAME' >&2
    exit 2
fi

scripts=$(cd "$(dirname "$0")" && pwd -P)
checkout=$(dirname "$scripts")

if [ ! -f "$checkout/Cargo.toml" ] || [ ! -f "$checkout/src/main.rs" ]; then
    exec migrator "$action" "$@"
fi

# A database that is named needs no server of ours; nor do some actions.
needs=compiler
named=${DATABASE_URL:-}${PGHOST:-}${PGHOSTADDR:-}${PGPORT:-}${PGDATABASE:-}
for argument in "$@"; do
    case $argument in --database-url*) named=yes ;; esac
done
[ ! -f "$checkout/.env" ] || named=${named:-$(grep -s -E '^(export )?(DATABASE_URL|PG)' "$checkout/.env" || true)}
case $action in
    up | down | redo | status | repair) [ -n "$named" ] || needs="$needs postgres" ;;
esac
# shellcheck disable=SC2086  # several words
"$scripts/prepare.sh" $needs

# Called from elsewhere, it is this checkout's tree and `.env` that are meant.
case $(pwd -P)/ in
    "$checkout"/*) ;;
    *) cd "$checkout" ;;
esac

binary=${CARGO_TARGET_DIR:-$checkout/target}/debug/migrator
[ -e "$binary" ] || echo 'building migrator, once, in a minute or two' >&2
case $action in
    check | create | explain)
        # They work on the tree on disk, and are wanted most when it does not compile: the last
        # binary that did will do.
        if [ -x "$binary" ] && ! cargo build --quiet --manifest-path "$checkout/Cargo.toml" \
            --package migrator >/dev/null 2>&1; then
            echo 'note: the tree or the code does not compile; this is the last binary that did' >&2
            exec "$binary" "$action" "$@"
        fi
        ;;
esac
exec cargo run --quiet --manifest-path "$checkout/Cargo.toml" --package migrator -- "$action" "$@"
