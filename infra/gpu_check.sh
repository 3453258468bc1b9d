#!/usr/bin/env bash
# Tries the networks on this machine's GPU and times them, in under ten minutes; writes one JSON file.
# Needs python 3.12, torch, torchvision, numpy, pyarrow, opencv and Pillow alone: no set-up, no package index, no Java.
# PYTHON chooses the interpreter; arguments go to infra/gpu_check.py. First, where the photos are: make gpu-bundle
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHONPATH="$PWD" exec "${PYTHON:-python3}" -m infra.gpu_check "$@"
