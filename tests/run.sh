#!/usr/bin/env bash
# Installs what is missing, builds with warnings as errors and sanitizers, and runs every test.
#
#   tests/run.sh            all tests that gate a change
#   tests/run.sh --long     also the long runs (every kill point, more fuzzing)
#   tests/run.sh -R REGEX   only the tests whose name matches (as ctest -R)
#
# Works on Debian and Ubuntu, as root or through sudo. Builds below build/; BUILD_DIR names another
# folder. The last line counts: "N passed, N failed, N skipped".
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD_DIR:-$root/build}
ctest_args=()
export GANTRY_TEST_LONG=${GANTRY_TEST_LONG:-}
while [ $# -gt 0 ]; do
    case $1,$# in
    --long,*) GANTRY_TEST_LONG=1 ;;
    -R,[2-9]*) ctest_args+=(-R "$2"); shift ;;
    *) echo "usage: tests/run.sh [--long] [-R REGEX]" >&2; exit 64 ;;
    esac
    shift
done

. "$root/cmake/debian.sh"
test_packages=(check curl openssl postgresql python3 python3-venv redis-server strace)
# Node comes without npm in Debian's packages and with it in others; npm's own brings both.
command -v npm >/dev/null || test_packages+=(nodejs npm)

# The Python side of the tests: moto, boto3 and botocore in a virtual environment of its own.
make_venv() {
    local stamp=$build/venv/requirements.txt
    cmp -s "$root/tests/requirements.txt" "$stamp" && return
    echo "== making the Python environment of the tests"
    rm -rf "$build/venv"
    /usr/bin/python3 -m venv "$build/venv"
    "$build/venv/bin/pip" install -q --disable-pip-version-check -r "$root/tests/requirements.txt"
    cp "$root/tests/requirements.txt" "$stamp"
}

# The JavaScript side: the official SDKs, the MCP conformance suite and a Node that is new enough.
install_modules() {
    local folder=$build/js source=$root/tests/integration/js
    cmp -s "$source/package-lock.json" "$folder/installed" && return
    echo "== installing the JavaScript packages of the tests"
    rm -rf "$folder"
    mkdir -p "$folder"
    cp "$source/package.json" "$source/package-lock.json" "$folder"
    if ! npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund >"$folder/npm.log" 2>&1 ||
        ! "$folder"/node_modules/node-linux-*/bin/node --version >>"$folder/npm.log" 2>&1; then
        grep -v EBADENGINE "$folder/npm.log"
        return 1
    fi
    cp "$source/package-lock.json" "$folder/installed"
}

# The official JSON Schema test suite: jsonschema's source package has it, its wheel has not.
fetch_schema_suite() {
    local folder=$build/schema-suite wanted
    wanted=$(grep '^jsonschema==' "$root/tests/requirements.txt")
    [ "$(cat "$folder/version" 2>/dev/null)" = "$wanted" ] && return
    echo "== fetching the JSON Schema test suite"
    rm -rf "$folder"
    mkdir -p "$folder"
    "$build/venv/bin/pip" download -q --disable-pip-version-check --no-deps \
        --no-binary jsonschema -d "$folder" "$wanted"
    tar -xzf "$folder"/jsonschema-*.tar.gz -C "$folder" --strip-components=2 --wildcards \
        '*/json/tests' '*/json/remotes'
    echo "$wanted" >"$folder/version"
}

# build_tree FOLDER CMAKE-OPTIONS...
build_tree() {
    local folder=$1
    shift
    cmake -S "$root" -B "$folder" -G Ninja -DGANTRY_WERROR=ON "$@" >"$folder.log" 2>&1 ||
        { cat "$folder.log"; return 1; }
    cmake --build "$folder" >>"$folder.log" 2>&1 || { tail -n 80 "$folder.log"; return 1; }
}

# Without results (ctest was ended from outside) the run itself is what failed.
count() {
    if [ ! -e "$1" ]; then
        echo "the tests did not finish" >&2
        echo "0 passed, 1 failed, 0 skipped"
        return 1
    fi
    "$build/venv/bin/python" - "$1" <<'EOF'
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot()
total, failed = int(suite.get("tests")), int(suite.get("failures"))
skipped = int(suite.get("skipped", 0)) + int(suite.get("disabled", 0))
print(f"{total - failed - skipped} passed, {failed} failed, {skipped} skipped")
sys.exit(1 if failed or total - skipped == 0 else 0)
EOF
}

install_packages "${build_packages[@]}" "${test_packages[@]}"
mkdir -p "$build"
build=$(cd "$build" && pwd)
make_venv
install_modules
fetch_schema_suite
echo "== building (release)"
build_tree "$build/release" -DCMAKE_BUILD_TYPE=Release
echo "== building (sanitizers) with the tests"
build_tree "$build/tests" -DCMAKE_BUILD_TYPE=Debug -DGANTRY_ASAN=ON -DBUILD_TESTING=ON \
    -DGANTRY_TEST_PYTHON="$build/venv/bin/python" \
    -DGANTRY_RELEASE_BINARY="$build/release/bin/gantry" \
    -DGANTRY_NODE_MODULES="$build/js/node_modules" \
    -DGANTRY_SCHEMA_SUITE="$build/schema-suite"
echo "== testing"
rm -f "$build/junit.xml"
ctest --test-dir "$build/tests" -j "$(nproc)" --output-on-failure --no-tests=error \
    --output-junit "$build/junit.xml" "${ctest_args[@]}" || true
count "$build/junit.xml"
