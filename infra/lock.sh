#!/usr/bin/env bash
# Rebuilds requirements.lock from requirements*.txt, for every machine: Python 3.11 to 3.13, with and without a GPU.
set -euo pipefail
cd "$(dirname "$0")/.."

env -u UV_FIND_LINKS .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --custom-compile-command "make lock" "$@" --output-file requirements.lock \
    requirements.txt requirements-train.txt requirements-dev.txt
