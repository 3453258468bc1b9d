# shellcheck shell=bash
# Sourced by nightly.sh and shops.sh: draws the sample shops where they are missing, and serves them on loopback.

SELVEDGE=.venv/bin/selvedge
SHOPS=var/shops
PORT=8790 # the feeds' addresses in mappings/ name it
OFFERS=240
START_WITHIN_S=120 # a second where nothing else runs

draw_shops() {
    draw_shop atelier-nord ru yml 11
    draw_shop hanami-lane ja google 12
}

draw_shop() {
    local retailer=$1 language=$2 feed=$3 seed=$4
    [ ! -f "$SHOPS/$retailer/retailer.yaml" ] || return 0 # written last
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
        echo "port $PORT is in use: end what listens there (ss -ltnp 'sport = :$PORT' names it), then run again" >&2
        exit 1
    fi
    mkdir -p var
    "$SELVEDGE" shop serve "$SHOPS" --port "$PORT" >var/shops.log 2>&1 &
    server=$!
    # shellcheck disable=SC2064 # the process of now is meant
    trap "kill $server 2>/dev/null; wait $server 2>/dev/null || true" EXIT
    ends=$((SECONDS + START_WITHIN_S))
    while [ "$SECONDS" -lt "$ends" ] && kill -0 "$server" 2>/dev/null; do
        ! port_is_open || return 0
        sleep 0.1
    done
    echo "the sample shops did not start within $START_WITHIN_S s; what they said:" >&2
    tail -n 5 var/shops.log >&2
    exit 1
}
