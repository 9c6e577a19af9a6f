#!/bin/sh
# Makes the databases of tests/adopt/fixtures again: applies each tree with the tool itself, and
# stores a dump. The tests need only the stored files.
#
# usage: scripts/make-foreign.sh URL [TOOL]…
#
# URL names a database on a server of your own, such as postgresql://postgres@127.0.0.1/postgres.
# The script creates the database `foreign_notes` on that server, and drops it at the end.
# It needs psql and pg_dump; node and npm; cargo and libpq; python3; Debian's sqitch.
#
# Each tree has one migration more than the tool applies here, `pinned`: a test applies it.
# The registries have no golang-migrate, goose, Flyway and Supabase. Their fixtures have a
# history.sql, written by hand, and the test loads it behind fixtures/notes.sql.
set -eu

[ $# -gt 0 ] || {
    echo 'error: no server is named; usage: scripts/make-foreign.sh URL [TOOL]…' >&2
    exit 2
}
server=$1
shift
[ $# -gt 0 ] || set -- alembic dbmate diesel drizzle node-pg-migrate notes prisma refinery sqitch sqlx

checkout=$(cd "$(dirname "$0")/.." && pwd -P)
fixtures=$checkout/tests/adopt/fixtures
tools=$checkout/target/foreign
work=$(mktemp -d)
url=${server%/*}/foreign_notes
export DATABASE_URL="$url" PGTZ=UTC
trap 'rm -rf "$work"; drop' EXIT

drop() {
    psql --quiet --no-psqlrc --dbname="$server" --set=ON_ERROR_STOP=1 \
        --command='SET client_min_messages = error' \
        --command='DROP DATABASE IF EXISTS foreign_notes WITH (FORCE)'
}

# The tree of a tool without its last migration, in $work/db.
lay() {
    rm -rf "$work/db"
    cp -R "$fixtures/$1/db" "$work/db"
    find "$work/db" -depth -name '*pinned*' -exec rm -r {} +
}

# npm_install TOOL PACKAGE…
npm_install() {
    folder=$tools/$1
    shift
    [ -d "$folder/node_modules" ] ||
        npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" "$@"
}

apply_library() {
    lay "$1"
    cargo run --quiet --release --manifest-path "$checkout/bench/peers/Cargo.toml" --example apply -- \
        "$1" "$work/db" "$url"
}

apply_alembic() {
    [ -x "$tools/alembic/bin/alembic" ] || {
        python3 -m venv "$tools/alembic"
        "$tools/alembic/bin/pip" install --quiet alembic==1.20.1 "psycopg[binary]" "sqlalchemy>=2.1"
    }
    rm -rf "$work/db"
    cp -R "$fixtures/alembic/project" "$work/db"
    db=$fixtures/alembic/db
    mkdir -p "$db"
    (
        cd "$work/db"
        "$tools/alembic/bin/alembic" upgrade base:heads --sql >"$db/up.sql" 2>"$work/log"
        "$tools/alembic/bin/alembic" downgrade heads:base --sql >"$db/down.sql" 2>>"$work/log"
        # The two heads before the last revision, which merges them.
        "$tools/alembic/bin/alembic" upgrade 4a2b3c4d5e6f 2>>"$work/log"
        "$tools/alembic/bin/alembic" upgrade 5a2b3c4d5e6f 2>>"$work/log"
    ) || {
        cat "$work/log" >&2
        return 1
    }
}

apply_dbmate() {
    npm_install dbmate dbmate@2.36.0
    lay dbmate
    "$tools"/dbmate/node_modules/@dbmate/*/bin/dbmate --url "$url?sslmode=disable" \
        --migrations-dir "$work/db" --no-dump-schema migrate >/dev/null
}

apply_drizzle() {
    npm_install drizzle drizzle-kit@0.31.11 drizzle-orm pg
    lay drizzle
    cat >"$work/db/meta/cut.js" <<'END'
const fs = require('fs'), path = `${__dirname}/_journal.json`;
const journal = JSON.parse(fs.readFileSync(path));
journal.entries.pop();
fs.writeFileSync(path, JSON.stringify(journal));
END
    node "$work/db/meta/cut.js"
    printf 'export default { dialect: "postgresql", out: "%s", dbCredentials: { url: "%s" } };\n' \
        "$work/db" "$url" >"$tools/drizzle/notes.config.js"
    (cd "$tools/drizzle" && node_modules/.bin/drizzle-kit migrate --config=notes.config.js >"$work/log" 2>&1) || {
        cat "$work/log" >&2
        return 1
    }
}

apply_node_pg_migrate() {
    npm_install node-pg-migrate node-pg-migrate@9.0.0 pg
    lay node-pg-migrate
    (
        cd "$tools/node-pg-migrate"
        node_modules/.bin/node-pg-migrate up --migrations-dir "$work/db" --migration-file-language sql
    ) >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        return 1
    }
}

# The engine of Prisma as WebAssembly, because npm has no other. Its adapter splits a script at each
# semicolon, even in a function. The native engine sends the script as it is, as this one does.
apply_prisma() {
    npm_install prisma prisma@6.19.3 @prisma/client@6.19.3 @prisma/adapter-pg@7.10.1
    lay prisma
    folder=$tools/prisma
    rm -rf "$folder/notes"
    mkdir "$folder/notes"
    mv "$work/db" "$folder/notes/migrations"
    printf 'datasource db {\n  provider = "postgresql"\n  url      = env("DATABASE_URL")\n}\n' \
        >"$folder/notes/schema.prisma"
    cat >"$folder/prisma.config.mjs" <<'END'
import { defineConfig } from 'prisma/config';
import { PrismaPg } from '@prisma/adapter-pg';

async function adapter() {
  const factory = new PrismaPg({ connectionString: process.env.DATABASE_URL });
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const session = await connect();
    session.executeScript = async (script) => {
      await session.client.query(script);
    };
    return session;
  };
  return factory;
}

export default defineConfig({
  engine: 'js',
  experimental: { adapter: true },
  schema: 'notes/schema.prisma',
  migrations: { path: 'notes/migrations' },
  adapter,
});
END
    # With these files, the command does not try to download its native engines.
    : >"$folder/none"
    (
        cd "$folder"
        export CHECKPOINT_DISABLE=1 PRISMA_QUERY_ENGINE_LIBRARY="$folder/none" \
            PRISMA_SCHEMA_ENGINE_BINARY="$folder/none"
        node_modules/.bin/prisma migrate deploy --config prisma.config.mjs
    ) >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        return 1
    }
}

# The schema and the rows that all trees make, without a tool.
apply_notes() {
    lay supabase
    for file in "$work"/db/*.sql; do
        psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --dbname="$url" --file="$file"
    done
}

apply_sqitch() {
    lay sqitch
    (cd "$work/db" && sqitch deploy --to-change index "db:$url") >"$work/log" 2>&1 || {
        cat "$work/log" >&2
        return 1
    }
}

# The database as SQL that any session can run.
dump() {
    pg_dump --inserts --no-owner --no-privileges --dbname="$url" |
        sed -e '/^--/d' -e '/^\\/d' -e '/^SET /d' | cat -s
}

mkdir -p "$tools"
for tool in "$@"; do
    drop
    psql --quiet --no-psqlrc --dbname="$server" --command='CREATE DATABASE foreign_notes'
    out=$fixtures/$tool/database.sql
    case $tool in
    diesel | refinery | sqlx) apply_library "$tool" ;;
    notes)
        apply_notes
        out=$fixtures/notes.sql
        ;;
    *) "apply_$(echo "$tool" | tr - _)" ;;
    esac
    dump >"$out"
    echo "made $out"
done
