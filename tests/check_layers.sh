#!/usr/bin/env bash
# Arrows point down: a layer's sources and public headers include only from itself and from the layers
# that its gt_layer call in src/LAYER/CMakeLists.txt names (and what those name).
set -euo pipefail
cd "$(dirname "$0")/.."
status=0

# What a layer names, transitively.
allowed() {
    local todo=("$1") seen=" "
    while [ ${#todo[@]} -gt 0 ]; do
        local layer=${todo[0]}
        todo=("${todo[@]:1}")
        [[ $seen == *" $layer "* ]] && continue
        seen+="$layer "
        local line
        line=$(tr '\n' ' ' <"src/$layer/CMakeLists.txt" | sed -n 's/.*gt_layer([^)]*DEPENDS \([a-z ]*\).*/\1/p')
        read -r -a named <<<"$line"
        todo+=("${named[@]}")
    done
    echo "$seen"
}

check() { # LAYER FILE...
    local layer=$1 may
    shift
    may=$(allowed "$layer")
    while IFS=: read -r file line text; do
        local used
        used=$(sed -n 's/.*<gantry\/\([a-z]*\)\/.*/\1/p' <<<"$text")
        if [[ $may != *" $used "* ]]; then
            echo "$file:$line: layer $layer includes from $used, which does not stand below it"
            status=1
        fi
    done < <(grep -n '#include <gantry/' "$@" /dev/null || true)
}

for folder in src/*/; do
    layer=$(basename "$folder")
    grep -q "gt_layer($layer" "$folder/CMakeLists.txt" 2>/dev/null || continue
    files=$(find "src/$layer" "include/gantry/$layer" -name '*.[ch]' 2>/dev/null)
    [ -z "$files" ] && continue
    # shellcheck disable=SC2086
    check "$layer" $files
done

# curl is net's alone; sockets are no business of the pure layers.
if grep -rln '#include <curl/' src --include='*.[ch]' | grep -v '^src/net/'; then
    echo "only src/net may include curl"
    status=1
fi
for pair in microhttpd.h:net cjose/:jose libpq-fe.h:server hiredis/:server; do
    if grep -rln "#include <${pair%%:*}" src --include='*.[ch]' | grep -v "^src/${pair##*:}/"; then
        echo "only src/${pair##*:} may include ${pair%%:*}"
        status=1
    fi
done
pure='base doc schema model policy types stack plan'
for layer in $pure; do
    if grep -nE '#include <(sys/socket|netdb|fcntl|time|unistd|poll)\.h>' "src/$layer"/*.[ch] 2>/dev/null; then
        echo "layer $layer is pure: no files, no sockets, no clock"
        status=1
    fi
done
banned='(^|[^a-z_])(strcpy|strcat|sprintf|strtok|atoi|gmtime|localtime|setenv|system)\('
if grep -rnE "$banned" src --include='*.[ch]'; then
    echo "a banned function is used"
    status=1
fi
if grep -rnE '(^|[^a-z_])(malloc|calloc|realloc)\(' src --include='*.c' | grep -v '^src/base/'; then
    echo "memory outside src/base comes from arenas"
    status=1
fi
exit $status
