"""What several stages need: the live offers, URLs and pictures of a night as queries."""

from jobs.night import Night, live_offers, live_pictures, live_urls
from jobs.stage import Query


def offers(night: Night) -> Query:
    return live_offers(night.live_feeds())


def urls(night: Night) -> Query:
    return live_urls(offers(night))


def pictures(night: Night) -> Query:
    return live_pictures(urls(night), night.blocked)
