# What a build needs on Debian and Ubuntu, and how it gets there. examples/quickstart.sh and
# tests/run.sh source this file.
build_packages=(
    build-essential cmake ninja-build pkg-config
    libcjose-dev libcurl4-openssl-dev libhiredis-dev libjansson-dev libmicrohttpd-dev
    libpcre2-dev libpq-dev libssl-dev libxml2-dev libyaml-dev
)

# install_packages NAME...: those that are missing, as root or through sudo.
install_packages() {
    local package log missing=() sudo=()
    if ! command -v apt-get >/dev/null; then
        echo "this installs its packages with apt, which is not here; the README has a build by hand" >&2
        return 1
    fi
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        sudo=(sudo)
        if ! command -v sudo >/dev/null; then
            echo "packages are missing, and there is no sudo; as root:" >&2
            echo "    apt-get install ${missing[*]}" >&2
            return 1
        fi
    fi
    echo "== installing ${missing[*]}"
    log=$(mktemp)
    if ! { "${sudo[@]}" apt-get update -qq &&
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
            -o DPkg::Lock::Timeout=300 --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
