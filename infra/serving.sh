# shellcheck shell=bash
# Sourced by nightly.sh and shops.sh: draws the sample shops if they are missing, and serves them on loopback.

SELVEDGE=.venv/bin/selvedge
SHOPS=var/shops
PORT=8790 # also in the feeds' addresses in mappings/
OFFERS=240
START_WITHIN_S=120 # one second is enough on an idle machine

draw_shops() {
    draw_shop atelier-nord ru yml 11
    draw_shop hanami-lane ja google 12
}

draw_shop() {
    local retailer=$1 language=$2 feed=$3 seed=$4
    [ ! -f "$SHOPS/$retailer/retailer.yaml" ] || return 0 # the file that is written last
    "$SELVEDGE" shop draw --out "$SHOPS" --retailer "$retailer" --language "$language" --feed "$feed" \
        --seed "$seed" --offers "$OFFERS" --workers "$(nproc)"
}

port_is_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null
}

# Starts the server in the background, waits until it answers, and ends it when the shell ends.
serve_shops() {
    local server ends
    if port_is_open; then
        echo "port $PORT is in use: stop the program that listens there (ss -ltnp 'sport = :$PORT' shows it), then run again" >&2
        exit 1
    fi
    mkdir -p var
    "$SELVEDGE" shop serve "$SHOPS" --port "$PORT" >var/shops.log 2>&1 &
    server=$!
    # shellcheck disable=SC2064 # $server is meant to be expanded now
    trap "kill $server 2>/dev/null; wait $server 2>/dev/null || true" EXIT
    ends=$((SECONDS + START_WITHIN_S))
    while [ "$SECONDS" -lt "$ends" ] && kill -0 "$server" 2>/dev/null; do
        ! port_is_open || return 0
        sleep 0.1
    done
    echo "the server of the sample shops did not start within $START_WITHIN_S s; the end of its log var/shops.log:" >&2
    tail -n 5 var/shops.log >&2
    exit 1
}
