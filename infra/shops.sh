#!/usr/bin/env bash
# Draws the two sample shops if they are missing, and serves them on loopback until Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/serving.sh

draw_shops
serve_shops
echo "serving the sample shops until Ctrl-C: http://127.0.0.1:$PORT/atelier-nord/feed.xml and http://127.0.0.1:$PORT/hanami-lane/feed.xml"
wait
