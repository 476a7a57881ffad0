#!/usr/bin/env bash
# Starts a private PostgreSQL and Redis on free ports of 127.0.0.1, in a temporary folder, fills them,
# serves gantry-mcp.yaml, and calls each tool with curl. In the end, on Ctrl-C and on failure all of it
# is stopped and removed.
#
#   ./run.sh             calls the tools and ends
#   ./run.sh --serve     then goes on serving until Ctrl-C
#
# Needs Debian's postgresql, redis-server, curl and python3. GANTRY_MCP names the program; else it is
# looked for in build/bin, build/quickstart/bin and PATH. As root, PostgreSQL runs as the user postgres.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
serve=${1:-}
[ -z "$serve" ] || [ "$serve" = --serve ] || { echo "usage: run.sh [--serve]" >&2; exit 64; }

# -- what it needs --

fail() {
    echo "$*" >&2
    exit 1
}

program=${GANTRY_MCP:-}
for folder in "$root/build/bin" "$root/build/quickstart/bin"; do
    [ -n "$program" ] || [ ! -x "$folder/gantry-mcp" ] || program=$folder/gantry-mcp
done
program=${program:-$(command -v gantry-mcp)} || fail "there is no gantry-mcp; build it, or set GANTRY_MCP"
postgres=
for folder in /usr/lib/postgresql/*/bin; do
    [ ! -x "$folder/initdb" ] || postgres=$folder
done
[ -n "$postgres" ] || fail "PostgreSQL is missing: apt-get install postgresql"
for name in redis-server redis-cli curl python3; do
    command -v "$name" >/dev/null || fail "$name is missing: apt-get install redis-server curl python3"
done

# PostgreSQL refuses to run as root. (runuser would stay in between, as another process.)
as_postgres=()
[ "$(id -u)" -ne 0 ] || as_postgres=(setpriv --reuid=postgres --regid=postgres --init-groups)

# -- starting and stopping --

folder=$(mktemp -d "${TMPDIR:-/tmp}/two-tier-XXXXXX")
pids=()    # in the order in which they are stopped
signals=() # by pid

# Waits for at most 15 seconds; what has not ended by then is killed.
end() {
    local pid=$1 i
    kill -"${signals[$pid]:-TERM}" "$pid" 2>/dev/null || return 0
    for ((i = 0; i < 150; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

stop() {
    local status=$? pid
    trap - EXIT
    trap '' INT TERM # what is begun is brought to its end
    for pid in "${pids[@]}" $(jobs -p); do # one that has just been started may be no more than a job
        end "$pid"
    done
    rm -rf "$folder"
    [ "$status" -eq 0 ] || echo "stopped" >&2
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME SIGNAL COMMAND...: in the background, in a session of its own so that Ctrl-C is for this
# script alone, which then stops what it started in order. SIGNAL is what ends it.
start() {
    local name=$1 signal=$2
    shift 2
    setsid "$@" >"$folder/$name.log" 2>&1 </dev/null &
    pids=($! "${pids[@]}")
    signals[$!]=$signal
}

# until_up NAME COMMAND...: waits for at most 30 seconds until the command succeeds.
until_up() {
    local name=$1 i
    shift
    for ((i = 0; i < 300; i++)); do
        if "$@" >/dev/null 2>&1; then
            return
        fi
        kill -0 "${pids[0]}" 2>/dev/null || break
        sleep 0.1
    done
    cat "$folder/$name.log" >&2
    fail "$name does not start"
}

# Ports that are free now, all at once so that they differ. The system gives none of these to whoever
# just wants one, so that they stay free for a moment.
read -r PGPORT REDIS_PORT LOCAL_PORT INTERNAL_PORT < <(python3 - <<'PYTHON'
import contextlib, random, socket
sockets = {}
while len(sockets) < 4:
    port, each = random.randrange(15000, 32000), socket.socket()
    with contextlib.suppress(OSError):
        each.bind(("127.0.0.1", port))
        sockets[port] = each
print(*sockets)
PYTHON
)
PGPASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
export PGPORT PGPASSWORD REDIS_PORT LOCAL_PORT INTERNAL_PORT

start_postgres() {
    local data=$folder/postgres
    chmod 711 "$folder"
    mkdir -m 700 "$data"
    echo "$PGPASSWORD" >"$data/password"
    [ ${#as_postgres[@]} -eq 0 ] || chown -R postgres: "$data"
    "${as_postgres[@]}" "$postgres/initdb" -D "$data/data" -U postgres -E UTF8 --locale=C.UTF-8 --no-sync \
        --auth-local=peer --auth-host=scram-sha-256 --pwfile="$data/password" \
        >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; fail "initdb failed"; }
    start postgres INT "${as_postgres[@]}" "$postgres/postgres" -D "$data/data" -p "$PGPORT" -k "$data" \
        -c listen_addresses=127.0.0.1 -c fsync=off
    until_up postgres "$postgres/pg_isready" -q -h 127.0.0.1 -p "$PGPORT"
    "$postgres/psql" -q -X -h 127.0.0.1 -U postgres -d postgres -c 'CREATE DATABASE analytics'
    "$postgres/psql" -q -X -h 127.0.0.1 -U postgres -d analytics -v ON_ERROR_STOP=1 \
        -f "$here/seed.sql"
}

start_redis() {
    mkdir "$folder/redis"
    start redis TERM redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --dir "$folder/redis" --save '' \
        --appendonly no
    until_up redis redis-cli -p "$REDIS_PORT" ping
    redis-cli -p "$REDIS_PORT" >/dev/null <<'REDIS'
HSET cart:1 "The C Programming Language" 2 "Bookmark" 1
SET session:8f2c ada
SET session:91d0 cedar
SET price:101 12900
SET secret:signing-key keep-me
REDIS
}

start_server() {
    cd "$here"
    start gantry-mcp TERM "$program" serve
    until_up gantry-mcp "$program" health "http://127.0.0.1:$LOCAL_PORT/health"
}

# -- the calls --

# post PORT PATH BODY: what a client sends; shown without the headers that are always the same.
post() {
    curl -sS --max-time 20 "http://127.0.0.1:$1$2" -H 'Content-Type: application/json' \
        -H 'Accept: application/json, text/event-stream' -H 'MCP-Protocol-Version: 2025-11-25' -d "$3"
}

# The part of an answer that matters, indented: an error's message, a tool's structured result, its text.
show() {
    python3 -c '
import json, sys
answer = json.load(sys.stdin)
result = answer.get("result", {})
if "error" in answer:
    print("  refused:", answer["error"]["message"])
elif result.get("isError"):
    print("  tool error:", result["content"][0]["text"])
elif "tools" in result:
    print("\n".join("  " + tool["name"].ljust(20) + tool["description"].strip() for tool in result["tools"]))
else:
    text = json.dumps(result.get("structuredContent", result), ensure_ascii=False)
    print("  " + text)
'
}

list() {
    printf '\n$ curl http://127.0.0.1:%s%s -d tools/list\n' "$1" "$2"
    post "$1" "$2" '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}' | show
}

call() {
    printf '\n$ curl http://127.0.0.1:%s/mcp -d tools/call %s %s\n' "$1" "$2" "$3"
    post "$1" /mcp "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"tools/call\",
        \"params\": {\"name\": \"$2\", \"arguments\": $3}}" | show
}

echo "== PostgreSQL on $PGPORT, Redis on $REDIS_PORT, in $folder"
start_postgres
start_redis
echo "== gantry-mcp: tier local on $LOCAL_PORT, tier internal on $INTERNAL_PORT"
start_server

list "$LOCAL_PORT" /mcp
list "$LOCAL_PORT" /mcp/reports
list "$INTERNAL_PORT" /mcp

call "$LOCAL_PORT" postgres_query '{"query": "SELECT region, count(*) AS orders, sum(amount) AS cents FROM orders JOIN customers ON customers.id = customer GROUP BY region ORDER BY region"}'
call "$LOCAL_PORT" postgres_query '{"query": "DELETE FROM orders"}'
call "$LOCAL_PORT" orders_by_customer '{"customer": 1}'
call "$LOCAL_PORT" orders_by_customer '{"customer": 1, "status": "lost"}'
call "$LOCAL_PORT" file_list '{}'
call "$LOCAL_PORT" file_read '{"path": "2026/q3-sales.md"}'
call "$LOCAL_PORT" file_read '{"path": "../seed.sql"}'
call "$LOCAL_PORT" cart '{"customer": 1}'
call "$LOCAL_PORT" cache_invalidate '{"pattern": "session:*", "dry_run": true}'
call "$LOCAL_PORT" cache_invalidate '{"pattern": "session:*"}'
call "$LOCAL_PORT" cache_invalidate '{"pattern": "secret:*"}'
call "$INTERNAL_PORT" order_ship '{"order": 102}'
call "$INTERNAL_PORT" order_ship '{"order": 102}'
call "$LOCAL_PORT" order_ship '{"order": 104}'

if [ "$serve" = --serve ]; then
    printf '\n== serving http://127.0.0.1:%s/mcp and http://127.0.0.1:%s/mcp; Ctrl-C ends it\n' \
        "$LOCAL_PORT" "$INTERNAL_PORT"
    wait "${pids[0]}" # by itself it ends only when something went wrong
    cat "$folder/gantry-mcp.log" >&2
    exit 1
fi
printf '\n== done: everything is stopped and removed\n'
