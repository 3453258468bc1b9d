#!/usr/bin/env bash
# Installs .venv exactly as requirements.lock says. Does nothing if nothing changed since the last call.
# PYTHON chooses the interpreter. The CPU build of torch is taken from pip's find-links if they have it.
set -euo pipefail
cd "$(dirname "$0")/.."

STAMP=.venv/.selvedge-setup

fail() {
    echo "setup: $1" >&2
    exit 2
}

find_python() {
    local name
    for name in ${PYTHON:-python3.11 python3 python3.12 python3.13}; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    fail "Python 3.11 to 3.13 was not found: sudo apt-get install python3 python3-venv (or set PYTHON to one)"
}

check_java() {
    local java="${JAVA_HOME:+$JAVA_HOME/bin/}java" major
    command -v "$java" >/dev/null || fail "Java was not found, Spark needs Java 17: sudo apt-get install openjdk-17-jre-headless"
    major=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${major:-0}" -ge 17 ] || fail "$java is Java ${major:-unknown}, Spark needs Java 17: sudo apt-get install openjdk-17-jre-headless"
}

has_gpu() {
    command -v nvidia-smi >/dev/null && nvidia-smi --list-gpus 2>/dev/null | grep -q GPU
}

wanted() {
    {
        echo "$PWD" "$("$1" -c 'import sys; print(sys.version, sys.base_prefix)')" "$2"
        cat requirements.lock requirements-gpu.txt pyproject.toml searcher/pyproject.toml infra/setup.sh infra/machine_lock.py infra/torch-cpu.sha256
    } | sha256sum
}

make_venv() {
    if [ "$(cat "$STAMP.home" 2>/dev/null)" != "$PWD $("$1" -c 'import sys; print(sys.version, sys.base_prefix)')" ]; then
        "$1" -m venv --clear .venv || fail "$1 cannot make a virtual environment: sudo apt-get install python3-venv"
        echo "$PWD $("$1" -c 'import sys; print(sys.version, sys.base_prefix)')" >"$STAMP.home"
    fi
    "$1" infra/machine_lock.py --only uv >.venv/uv.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
}

# The usual package index does not have torch's CPU build: take it from pip's find-links, else from where uv finds it.
torch_source() {
    local links
    links="${PIP_FIND_LINKS:-$(.venv/bin/python -m pip config get global.find-links 2>/dev/null || true)}"
    if .venv/bin/uv pip install --quiet --dry-run --no-deps --no-index ${links:+--find-links "$links"} "$(grep -o '^torch==[^ ]*' .venv/machine.lock)" 2>/dev/null; then
        echo "--find-links=$links"
    else
        echo "--torch-backend=cpu"
    fi
}

install_for_gpu() {
    "$1" infra/machine_lock.py --gpu >.venv/machine.lock
    .venv/bin/uv pip sync --quiet --compile-bytecode --require-hashes .venv/machine.lock
    .venv/bin/uv pip install --quiet -r requirements-gpu.txt ||
        echo "setup: TensorRT was not installed (it needs the vendor's package index); the models run without it" >&2
}

install_for_cpu() {
    "$1" infra/machine_lock.py >.venv/machine.lock
    .venv/bin/uv pip sync --quiet --compile-bytecode --require-hashes "$(torch_source)" .venv/machine.lock
}

main() {
    local python stamp device=cpu
    python=$(find_python)
    check_java
    ! has_gpu || device=gpu
    stamp=$(wanted "$python" "$device")
    [ "$(cat "$STAMP" 2>/dev/null)" != "$stamp" ] || return 0
    echo "setup: installing .venv from requirements.lock with $("$python" --version), for a $device (the first time takes a few minutes)"
    make_venv "$python"
    export VIRTUAL_ENV="$PWD/.venv"
    "install_for_$device" "$python"
    .venv/bin/uv pip install --quiet --no-deps --no-build-isolation --editable . --editable searcher
    echo "$stamp" >"$STAMP"
}

main
