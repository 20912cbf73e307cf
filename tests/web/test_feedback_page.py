"""The page of live feedback: what is selected, numbers with what they are made of, rows, one interaction, downloads."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from peel.records import Run
from peel.records.feedback import Interaction, Rating

DAY = 86_400.0
FIRST = 20_500 * DAY
"""2026-02-16, 00:00 UTC."""

HOSTILE = "<script>alert(1)</script>"


def made(number: int, **changes: Any) -> Interaction:
    """An interaction, one a day, of the scenario `support` where nothing else is said."""
    given = {"id": f"i{number}", "at": FIRST + number * DAY, "input": f"How {number}?", "output": f"Hold {number}."}
    return Interaction.model_validate(given | {"scenario": "support", "app_version": "1.0"} | changes)


def stars(number: int, given: int, comment: str = "") -> Rating:
    """A rating of an interaction."""
    at = FIRST + number * DAY + 60
    return Rating(
        id=f"r{number}-{given}", interaction=f"i{number}", kind="stars", original=given, value=(given - 1) / 4,
        comment=comment, at=at,
    )  # fmt: skip


@pytest.fixture
def add(workspace: Any) -> Callable[..., None]:
    """Stores interactions and ratings."""

    def added(interactions: list[Interaction], ratings: list[Rating] | None = None) -> None:
        workspace.store.feedback().add(interactions, ratings or [], received=FIRST + 100 * DAY)

    return added


def text_of(html: str) -> str:
    """What a reader reads of a page: without elements, spaces made one."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_without_interactions_the_page_says_how_they_come_in(client: Any) -> None:
    """No number, no chart, no 0."""
    page = client.get("/feedback").text
    assert "No interaction has come in yet" in page
    assert "POST /api/interactions" in page
    assert "peel ratings import" in page
    assert "hx-get" not in page


def test_the_page_says_what_there_is_and_asks_for_its_views(client: Any, add: Any) -> None:
    """The limits of the data, in days of UTC; each view is a request with the same selection."""
    add([made(0), made(9, channel="mail")])
    page = client.get("/feedback?scenario=support&period=day").text
    assert "<b>2026-02-16</b> to <b>2026-02-25</b>" in page
    for view in ("numbers", "time", "groups", "distribution", "beside", "rows"):
        assert f'hx-get="/feedback/{view}?scenario=support' in page
    assert 'min="2026-02-16" max="2026-02-25"' in page


def test_key_numbers_stand_beside_what_they_are_made_of(client: Any, add: Any) -> None:
    """The share rated beside the mean, the bounds of who did not rate, ratings below 0.3."""
    add([made(n) for n in range(10)], [stars(0, 1), stars(1, 5), stars(2, 5), stars(3, 4)])
    said = text_of(client.get("/feedback/numbers?").text)
    assert "10 of 10 interactions match" in said
    assert "0.69" in said
    assert "4 of 10 rated (40%)" in said
    assert "the mean lies between 0.28 and 0.87" in said
    assert "1 of 4 ratings" in said
    assert re.search(r"Fits no scenario 0% 0 of 10 mapped interactions", said)


def test_what_is_unknown_is_a_dash_and_never_zero(client: Any, add: Any) -> None:
    """Nobody rated, and nothing is mapped yet."""
    add([made(n, scenario=None) for n in range(3)])
    said = text_of(client.get("/feedback/numbers?").text)
    assert "Mean rating – Nobody rated any of these." in said
    assert "Rated below 0.3 – no rating" in said
    assert "Fits no scenario – 3 not mapped yet" in said
    assert "Weakest scenario –" in said
    assert "Nothing is rated here." in client.get("/feedback/distribution?").text
    assert "0.00" not in said


def test_an_empty_selection_says_so_with_the_limits_of_the_data(client: Any, add: Any) -> None:
    """And how many there are, so that nobody takes it for no data at all."""
    add([made(0), made(1)], [stars(0, 5)])
    said = text_of(client.get("/feedback/numbers?since=2027-01-01").text)
    assert "No interaction is like this" in said
    assert "There are 2 interactions, from 2026-02-16 to 2026-02-17" in said
    assert "POST /api/interactions" in said
    assert "No interaction is like this." in client.get("/feedback/rows?since=2027-01-01").text
    for part in ("time", "groups", "distribution", "beside"):
        assert client.get(f"/feedback/{part}?since=2027-01-01").status_code == 200


def test_each_condition_is_a_chip_that_takes_it_away(client: Any, add: Any) -> None:
    """The other conditions stay in its address."""
    add([made(0, channel="mail"), made(1, channel=None)])
    page = client.get("/feedback?since=2026-02-16&until=2026-02-17&channel=mail&channel=&rated=yes&period=week").text
    chips = re.search(r'<ul class="chips".*?</ul>', page, re.DOTALL)
    assert chips is not None
    said = text_of(chips[0])
    for condition in ("2026-02-16 to 2026-02-17", "Channel: mail", "Channel: none named", "rated only"):
        assert condition in said
    days = "since=2026-02-16&amp;until=2026-02-17"
    assert f'href="/feedback?{days}&amp;channel=&amp;rated=yes&amp;period=week"' in chips[0]
    assert 'href="/feedback?channel=mail&amp;channel=&amp;rated=yes&amp;period=week"' in chips[0]


@pytest.mark.parametrize(
    ("query", "matching"),
    [
        ("", 6),
        ("since=2026-02-17&until=2026-02-18", 2),
        ("scenario=support", 5),
        ("scenario=", 1),
        ("app_version=2.0", 1),
        ("channel=", 5),
        ("channel=mail&channel=", 6),
        ("mapping=waiting", 1),
        ("rated=yes", 2),
        ("rated=no&scenario=support", 3),
    ],
)
def test_views_are_about_what_the_address_selects(client: Any, add: Any, query: str, matching: int) -> None:
    """A day belongs to the selection to its end."""
    extra = [made(4, app_version="2.0", channel="mail"), made(5, scenario=None)]
    add([*(made(n) for n in range(4)), *extra], [stars(0, 1), stars(4, 5)])
    said = text_of(client.get(f"/feedback/numbers?{query}").text)
    assert f"{matching} of 6 interactions match" in said
    assert client.get(f"/feedback/rows?{query}").text.count('name="interaction"') == matching


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "since=1969-12-31",
        "mapping=guessed",
        "rated=perhaps",
        "sort=best",
        "behind=x",
        "behind=nan_1",
    ],
)
def test_an_address_that_cannot_be_read_is_told(client: Any, query: str) -> None:
    """With what is allowed."""
    answer = client.get(f"/feedback/rows?{query}")
    assert answer.status_code == 422
    assert '<p class="told"' in answer.text


def test_rows_come_in_pages_in_each_order(client: Any, add: Any) -> None:
    """Each interaction once, over all pages; those without a rating last where it is an order of ratings."""
    add([made(n) for n in range(120)], [stars(n, 1 + n % 5) for n in range(0, 120, 2)])
    for sort in ("newest", "oldest", "lowest", "highest"):
        found, address = [], f"/feedback/rows?sort={sort}"
        for _ in range(3):
            page = client.get(address).text
            found += re.findall(r'name="interaction" value="(i\d+)"', page)
            more = re.search(r'hx-get="(/feedback/rows[^"]+behind=[^"]+)"', page)
            address = more[1].replace("&amp;", "&") if more else ""
        assert address == ""
        assert sorted(found) == sorted(f"i{n}" for n in range(120)), sort
        numbers = [int(one[1:]) for one in found]
        if sort in ("newest", "oldest"):
            assert numbers == sorted(numbers, reverse=sort == "newest")
        else:
            rated = [n % 5 for n in numbers[:60]]
            assert rated == sorted(rated, reverse=sort == "highest")
            assert all(n % 2 for n in numbers[60:])


def test_a_row_and_the_whole_interaction_hold_what_was_said(client: Any, add: Any) -> None:
    """Messages, steps, metadata, all ratings with the one that counts; all of it text, whatever it says."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": f"Why? {HOSTILE}"}]
    steps = [{"step": "search", "request": {"q": HOSTILE}, "output": [1], "latency_s": 0.5}]
    one = made(
        0, id="a/b?c#d", input=None, messages=messages, output=HOSTILE, steps=steps, metadata={"plan": HOSTILE},
        channel=HOSTILE, user="ann", language="de",
    )  # fmt: skip
    rated = [stars(0, 2, HOSTILE), stars(0, 4).model_copy(update={"at": FIRST + 3 * DAY})]
    add([one], [rating.model_copy(update={"interaction": "a/b?c#d"}) for rating in rated])
    rows = client.get("/feedback/rows?").text
    assert 'href="/feedback/interactions/a%2Fb%3Fc%23d"' in rows
    page = client.get("/feedback/interactions/a%2Fb%3Fc%23d").text
    said = text_of(page)
    for known in ("Be brief.", "search", "ann", "the one that counts", "named by the application", "0.75", "0.25"):
        assert known in said, known
    for html in (rows, page, client.get("/feedback").text, client.get("/feedback/groups?").text):
        assert HOSTILE not in html
        assert "&lt;script&gt;" in html or "alert" not in html


def test_an_interaction_that_is_not_there_is_told(client: Any) -> None:
    """It may have been deleted."""
    answer = client.get("/feedback/interactions/nobody")
    assert answer.status_code == 404
    assert "it may have been deleted" in answer.text


def test_a_mapping_is_corrected_by_hand_and_taken_back(client: Any, add: Any, server: Any) -> None:
    """To a scenario, to none, and by meaning again; each change is in the audit log."""
    add([made(0, scenario=None)])
    for given, said in (
        ({"choice": "scenario", "scenario": "support"}, "support by hand"),
        ({"choice": "none"}, "none fits no scenario|none by hand"),
        ({"choice": "again"}, "none not mapped yet"),
    ):
        answer = client.change("/feedback/mapping", interaction="i0", **given)
        assert answer.status_code == 303
        page = text_of(client.get(answer.headers["location"]).text)
        assert any(one in page for one in said.split("|")), (said, page)
    noted = [one.subject for one in server.audit.entries(limit=10) if one.action == "map interaction"]
    assert noted == ["i0 again", "i0 none", "i0 support"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"choice": "scenario"}, 422),
        ({"choice": "guess"}, 422),
        ({"choice": "scenario", "scenario": "nowhere"}, 404),
        ({"choice": "none", "interaction": "nobody"}, 422),
    ],
)
def test_a_correction_that_cannot_be_made_changes_nothing(
    client: Any, add: Any, workspace: Any, given: dict[str, str], status: int
) -> None:
    """And is not in the audit log."""
    add([made(0)])
    answer = client.change("/feedback/mapping", **{"interaction": "i0", **given})
    assert answer.status_code == status
    found = workspace.feedback.reader.interaction("i0")
    assert (found.mapping.state, found.mapping.scenario) == ("named", "support")


def test_chosen_rows_become_draft_cases(client: Any, add: Any, root: Any) -> None:
    """Of the scenario that is chosen; then its cases are shown."""
    add([made(0), made(1)])
    answer = client.post(
        "/feedback/cases", data={"csrf": client.csrf, "scenario": "support", "interaction": ["i0", "i1"]}
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/scenarios/support/cases"
    written = (root / "scenarios" / "support.csv").read_text()
    assert "How 0?" in written
    assert "How 1?" in written
    assert client.change("/feedback/cases", scenario="support").status_code == 422


def test_the_sheet_holds_the_selection_and_no_formula(client: Any, add: Any) -> None:
    """What is unknown is an empty cell; a text that a spreadsheet would take for a formula is none."""
    add([made(0, input='=HYPERLINK("x")', output=None), made(1), made(2, scenario=None)], [stars(1, 4, "+1")])
    answer = client.get("/feedback/interactions.csv?scenario=support")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row["id"] for row in rows] == ["i0", "i1"]
    assert rows[0]["input"] == '\'=HYPERLINK("x")'
    assert (rows[0]["value"], rows[0]["output"]) == ("", "")
    assert (rows[1]["value"], rows[1]["rating"], rows[1]["comment"]) == ("0.75", "4", "'+1")


def test_the_json_holds_each_interaction_whole(client: Any, add: Any) -> None:
    """A line each, more than are read at once."""
    add([made(n) for n in range(1203)], [stars(7, 1, "No.")])
    lines = [json.loads(line) for line in client.get("/feedback/interactions.json").text.splitlines()]
    assert [line["interaction"]["id"] for line in lines] == [f"i{n}" for n in range(1203)]
    assert (lines[7]["value"], lines[7]["comment"], lines[8]["value"]) == (0.0, "No.", None)


def test_over_time_a_time_without_ratings_is_a_gap(client: Any, add: Any) -> None:
    """Null in the chart, a dash in its table; the periods between are there."""
    add([made(0), made(1), made(4)], [stars(0, 5), stars(4, 1)])
    part = client.get("/feedback/time?period=day").text
    specs = re.search(r'class="specs">(.*?)</script>', part, re.DOTALL)
    assert specs is not None
    points = json.loads(specs[1])[0]["points"]
    assert [one["value"] for one in points] == [1.0, None, None, None, 0.0]
    assert [one["interactions"] for one in points] == [1, 1, 0, 0, 1]
    assert 'aria-pressed="true">by day' in part
    assert client.get("/feedback/time?period=hour").status_code == 422


def test_the_test_bed_stands_beside_users_and_disagreement_comes_first(
    client: Any, add: Any, carry_out: Callable[..., Run]
) -> None:
    """Where the test bed says good and users say bad, the key numbers begin with it."""
    run = carry_out()
    add([made(n) for n in range(60)], [stars(n, 1) for n in range(60)])
    numbers = client.get("/feedback/numbers?").text
    beside = client.get("/feedback/beside?").text
    assert run.id in beside
    assert "<svg" in beside
    if "users say worse" in beside:
        assert numbers.index("The test bed says good and users say bad") < numbers.index("Mean rating")


def test_a_viewer_sees_no_action_that_they_may_not_take(client_as: Callable[..., Any], add: Any) -> None:
    """No checkbox, no form."""
    add([made(0)], [stars(0, 2)])
    viewer = client_as("viewer")
    for path in ("/feedback/rows?", "/feedback/interactions/i0", "/feedback/topics", "/feedback/numbers?"):
        page = viewer.get(path)
        assert page.status_code == 200
        assert '<form class="correct"' not in page.text
        assert 'name="interaction"' not in page.text
        assert "Make draft cases" not in page.text


def test_an_alarm_stands_on_top_until_a_person_saw_it(client: Any, add: Any, workspace: Any, server: Any) -> None:
    """What was before and since, and how often it comes without a shift; then it is among the earlier ones."""
    shifted = [made(n, at=FIRST + n * 600) for n in range(500)]
    given = [
        stars(n, 5 if n < 300 and n % 4 else 1 + n % 2).model_copy(update={"at": FIRST + n * 600}) for n in range(500)
    ]
    add(shifted, given)
    assert workspace.watch_ratings()
    page = client.get("/feedback/numbers?").text
    assert page.index("Ratings dropped") < page.index("Mean rating")
    assert "Without a shift this happens once in" in page
    for key in re.findall(r'name="alarm" value="(\d+)"', page):
        assert client.change("/feedback/alarms", alarm=key).status_code == 303
    after = client.get("/feedback/numbers?").text
    assert "Ratings dropped" not in after
    assert "that a person saw" in after
    assert "acknowledge alarm" in [one.action for one in server.audit.entries(limit=5)]
