"""The throttle: so many a minute for each name, by a clock that the test turns."""

from __future__ import annotations

import pytest
from fastapi import HTTPException

from peel.web.security.throttle import MOST_NAMES, Throttle, network_of


class Clock:
    """A clock that stands until it is turned."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def is_open(throttle: Throttle, name: str) -> bool:
    try:
        throttle.check(name)
    except HTTPException:
        return False
    return True


def test_so_many_at_once_and_then_as_the_minute_passes() -> None:
    """Each name by itself; a quiet hour saves no more than a minute's worth."""
    clock = Clock()
    throttle = Throttle(6, clock=clock)
    for _ in range(6):
        throttle.check("ann")
        throttle.take("ann", 1)
    assert not is_open(throttle, "ann")
    assert is_open(throttle, "ben")
    clock.now += 10
    assert is_open(throttle, "ann")
    throttle.take("ann", 1)
    assert not is_open(throttle, "ann")
    clock.now += 3600
    for _ in range(6):
        assert is_open(throttle, "ann")
        throttle.take("ann", 1)
    assert not is_open(throttle, "ann")


def test_a_batch_that_was_too_large_is_waited_for() -> None:
    """And the answer says how long."""
    clock = Clock()
    throttle = Throttle(60, clock=clock)
    throttle.take("ann", 59)
    throttle.take("ann", 60)
    with pytest.raises(HTTPException, match="more than 60 a minute were handed in; go on in 60 s") as told:
        throttle.check("ann")
    assert (told.value.status_code, told.value.headers) == (429, {"Retry-After": "60"})
    clock.now += 60
    assert is_open(throttle, "ann")


def test_the_names_that_are_kept_are_bounded() -> None:
    """Whoever has many addresses fills no memory."""
    throttle = Throttle(1, clock=Clock())
    for number in range(MOST_NAMES + 1):
        throttle.take(str(number), 1)
    assert is_open(throttle, "0")
    assert not is_open(throttle, "1")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("", "testclient", False),
    ],
)
def test_addresses_are_told_apart_by_who_has_them(one: str, other: str, is_same: bool) -> None:
    """A network of IPv6 addresses is one customer's."""
    assert (network_of(one) == network_of(other)) is is_same
