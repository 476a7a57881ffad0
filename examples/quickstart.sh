#!/usr/bin/env bash
# From a clone to tools in a client, on one machine and without an AWS account: installs the packages
# that are missing, builds, and runs the stack of examples/quick-suite in the embedded cloud once.
# Works on Debian and Ubuntu, as root or through sudo.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD_DIR:-$root/build/quickstart}
packages=(build-essential cmake ninja-build pkg-config libcurl4-openssl-dev libssl-dev
    libjansson-dev libyaml-dev libxml2-dev libpcre2-dev libmicrohttpd-dev libcjose-dev python3)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    echo "== installing ${missing[*]}"
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends "${missing[@]}" >/dev/null
fi

echo "== building"
mkdir -p "$build"
if ! { cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release &&
    cmake --build "$build" --target gantry; } >"$build/build.log" 2>&1; then
    tail -n 40 "$build/build.log"
    exit 1
fi

echo "== gantry -e dev up --once"
cd "$root/examples/quick-suite"
exec "$build/bin/gantry" -e dev up --once
