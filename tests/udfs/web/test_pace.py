"""Turns, pauses, the circuit breaker, the budget of bytes, and a clock that can stand still."""

import asyncio
import random
from dataclasses import replace
from datetime import date

import pytest

from schemas.rejects import Code
from udfs.web.failures import Failure
from udfs.web.pace import ByteBudget, Clock, GivenUp, Host
from udfs.web.request import FetchPolicy

POLICY = FetchPolicy(date(2026, 1, 10), "selvedge/0.1", break_after=3, cool_down_s=0.02, breaks=2, patience_s=0.5)
DOWN = Failure(Code.FETCH_CONNECT, "refused")


def test_turns_are_an_interval_apart_and_bring_no_burst_after_a_rest() -> None:
    async def times() -> list[float]:
        host, loop, taken = Host(POLICY), asyncio.get_running_loop(), []

        async def one() -> None:
            await host.turn()
            taken.append(loop.time())

        host.allow(0.02)
        host.allow(0.01)
        await asyncio.gather(*[one() for _ in range(4)])
        await asyncio.sleep(0.1)
        await asyncio.gather(*[one() for _ in range(3)])
        return taken

    taken = asyncio.run(times())
    assert taken[3] - taken[0] >= 3 * 0.02 - 0.002
    assert taken[6] - taken[4] >= 2 * 0.02 - 0.002


def test_the_breaker_opens_tries_once_and_gives_up() -> None:
    async def tries() -> int:
        host = Host(POLICY)
        for number in range(100):
            try:
                await host.turn()
            except GivenUp:
                return number
            host.failed(DOWN)
        return 100

    assert asyncio.run(tries()) == POLICY.break_after + POLICY.breaks


def test_an_answer_about_one_url_is_no_trouble_of_the_host() -> None:
    async def given_up() -> bool:
        host = Host(POLICY)
        for _ in range(50):
            host.failed(DOWN)
            host.failed(DOWN)
            host.failed(Failure(Code.FETCH_404, "gone"))
        return host.given_up

    assert not asyncio.run(given_up())


@pytest.mark.parametrize(("seconds", "given_up"), [(0.4, False), (0.6, True)])
def test_patience(seconds: float, given_up: bool) -> None:
    async def after() -> bool:
        host = Host(POLICY)
        host.failed(Failure(Code.FETCH_429, "slow down", retry_after_s=seconds))
        return host.given_up

    assert asyncio.run(after()) is given_up


def test_the_budget_is_never_overdrawn_and_everybody_is_served() -> None:
    async def most_in_use() -> int:
        budget, in_use, most = ByteBudget(100), 0, 0
        draw = random.Random(5)

        async def one(count: int) -> None:
            nonlocal in_use, most
            taken = await budget.take(count)
            in_use += taken
            most = max(most, in_use)
            await asyncio.sleep(draw.random() / 500)
            in_use -= taken
            budget.give_back(taken)

        await asyncio.wait_for(asyncio.gather(*[one(draw.randrange(1, 300)) for _ in range(200)]), 5)
        assert in_use == 0
        return most

    assert 0 < asyncio.run(most_in_use()) <= 100


def test_who_is_cancelled_while_waiting_for_bytes_takes_none() -> None:
    async def main() -> int:
        budget = ByteBudget(10)
        taken = await budget.take(8)
        waiting = [asyncio.ensure_future(budget.take(5)) for _ in range(2)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        budget.give_back(taken)
        budget.give_back(await waiting[1])
        return await asyncio.wait_for(budget.take(10), 1)

    assert asyncio.run(main()) == 10


def test_cancelled_in_the_moment_of_being_served() -> None:
    async def main() -> int:
        budget = ByteBudget(10)
        taken = await budget.take(8)
        waiting = asyncio.ensure_future(budget.take(5))
        await asyncio.sleep(0)
        budget.give_back(taken)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return await asyncio.wait_for(budget.take(10), 1)

    assert asyncio.run(main()) == 10


def test_the_clock_stands_still_and_goes_on() -> None:
    async def main() -> float:
        clock = Clock(0.2)
        async with clock:
            with clock.stopped():
                await asyncio.sleep(0.3)
            await asyncio.sleep(0.05)
        with pytest.raises(TimeoutError):
            async with clock:
                await asyncio.sleep(1)
        return clock.spent_s

    assert asyncio.run(main()) == pytest.approx(0.2, abs=0.05)


def test_a_policys_robot_is_the_first_word_of_its_user_agent() -> None:
    assert POLICY.robot == "selvedge"
    assert replace(POLICY, user_agent="Catalog Bot/2 (+mailto:a@b)").robot == "Catalog Bot"
