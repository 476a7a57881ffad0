#!/usr/bin/env bash
# From a clone to tools in a client, on one machine and without an AWS account: installs the packages
# that are missing, builds, and runs the stack of examples/quick-suite in the embedded cloud once.
# Works on Debian and Ubuntu, as root or through sudo. BUILD_DIR names another folder to build in.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD_DIR:-$root/build/quickstart}

. "$root/cmake/debian.sh"
install_packages "${build_packages[@]}"

mkdir -p "$build"
build=$(cd "$build" && pwd)
echo "== building (log: $build/build.log)"
if ! { cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release &&
    cmake --build "$build" --target gantry gantry-mcp; } >"$build/build.log" 2>&1; then
    tail -n 40 "$build/build.log"
    exit 1
fi

cd "$root/examples/quick-suite"
echo "== in examples/quick-suite: gantry -e dev up --once"
"$build/bin/gantry" -e dev up --once
cat <<EOF

== it works: the stack was made, its tools came through the gateway, and all of it is gone again

To keep it running until Ctrl-C, and try a client on it:

    export PATH=${build@Q}/bin:\$PATH
    cd ${PWD@Q}
    gantry -e dev up
EOF
