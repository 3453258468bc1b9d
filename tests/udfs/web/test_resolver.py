"""Names to addresses: one question, believed for a while, whatever the answer."""

import asyncio
from ipaddress import ip_address

import pytest

from schemas.rejects import Code
from tests.udfs.web.server import NameServer
from udfs.web import resolver
from udfs.web.failures import Failure
from udfs.web.resolver import Names


def asked(server: NameServer, times: int, pause_s: float = 0) -> list[object]:
    """What each of so many questions for one name was answered, failures by their code."""

    async def main() -> list[object]:
        known, found = Names(server), []
        for _ in range(times):
            try:
                found.append(await known.of("shop.example", 1))
            except Failure as failure:
                found.append(failure.code)
            await asyncio.sleep(pause_s)
        await known.close()
        return found

    return asyncio.run(main())


def test_an_answer_is_believed_also_where_the_name_changes_its_mind() -> None:
    server = NameServer({"shop.example": ["192.0.2.1", "127.0.0.1"]})
    assert asked(server, 3) == [[ip_address("192.0.2.1")]] * 3
    assert server.asked == ["shop.example"]


def test_it_is_asked_for_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "BELIEVED_S", 0.05)
    server = NameServer({"shop.example": ["192.0.2.1", "192.0.2.2"]})
    assert asked(server, 2, pause_s=0.1) == [[ip_address("192.0.2.1")], [ip_address("192.0.2.2")]]


def test_that_there_is_no_address_is_believed_too() -> None:
    server = NameServer({})
    assert asked(server, 3) == [Code.FETCH_DNS] * 3
    assert server.asked == ["shop.example"]


def test_those_who_ask_side_by_side_share_one_question() -> None:
    server = NameServer({"shop.example": ["192.0.2.1"]})

    async def main() -> None:
        known = Names(server)
        await asyncio.gather(*[known.of("shop.example", 1) for _ in range(20)])

    asyncio.run(main())
    assert server.asked == ["shop.example"]


def test_patience_with_name_servers_that_do_not_answer() -> None:
    async def silent(host: str) -> list[str]:
        await asyncio.sleep(30)
        return []

    async def main() -> None:
        known = Names(silent)
        try:
            with pytest.raises(Failure, match=r"no answer from the name servers within 0\.05 s"):
                await known.of("shop.example", 0.05)
        finally:
            await known.close()

    asyncio.run(main())


def test_a_literal_is_nobodys_question() -> None:
    server = NameServer({})

    async def main() -> list[object]:
        return list(await Names(server).of("0x7f.1", 1))

    assert asyncio.run(main()) == [ip_address("127.0.0.1")]
    assert server.asked == []
