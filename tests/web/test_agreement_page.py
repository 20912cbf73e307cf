"""Agreement in the browser: raters who disagree, one rater, none; a judge that can be trusted and one that cannot."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from peel.records import Run
from peel.runs.manual import Answer
from peel.workspace import Workspace

JUDGE = "  - {id: meaning, use: semantic, criteria: It names the button., judge: judge}"
MANUAL = "  - {id: would-send, use: manual, ask: Would you send it?, scale: stars, raters: 2, checks: meaning}"


def true_value(number: int) -> float:
    """What a perfect rater says of the output of a case, by its number."""
    return (number * 3 % 5) / 4


@pytest.fixture
def judged(root: Path, model: Any, carry_out: Callable[..., Run]) -> Callable[..., Run]:
    """Carries a run of `cases` cases out whose judge says what `judge` does of each, by the case's number."""

    def made(judge: Callable[[int], float] = true_value, *, cases: int = 24, prefix: str = "case") -> Run:
        def reply(request: dict[str, Any]) -> str:
            number = int(re.findall(r"number (\d+)", json.dumps(request))[-1])
            opinion = json.dumps({"reason": "so", "score": judge(number)})
            return opinion if request["model"] == "scripted-judge" else f"the answer to number {number}"

        model.reply = reply
        path = root / "scenarios/support.yaml"
        path.write_text(re.sub(r"  - \{id: would-send.*", f"{JUDGE}\n{MANUAL}", path.read_text()))
        rows = "".join(f'{prefix}-{at},,Email number {at},"[""answer""]"\n' for at in range(cases))
        (root / "scenarios/support.csv").write_text(f"id,tags,email,expected.terms\n{rows}")
        return carry_out(repetitions=1)

    return made


@pytest.fixture
def answer(workspace: Workspace) -> Callable[..., None]:
    """Lets a rater answer all questions of a run by the number of the case, or those below `most`."""

    def given(run: Run, rater: str, says: Callable[[int], float] = true_value, *, most: int = 10**6) -> None:
        scoring = workspace.scoring(run.id, rater=rater)
        items = scoring.items(scoring.questions())
        numbers = {item.id: int(str(item.inputs["email"]).rsplit(" ", 1)[1]) for item in items}
        scoring.submit([Answer(name, says(number)) for name, number in numbers.items() if number < most])

    return given


def text_of(client: Any, path: str) -> str:
    """A page's text, without its markup."""
    found = client.get(path)
    assert found.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.text))


def test_the_list_leads_to_each_run_with_its_progress(judged, answer, client):
    """How many raters, and how many questions have all the answers they need."""
    run = judged(cases=4)
    answer(run, "ann")
    answer(run, "bob", most=3)
    page = client.get("/agreement").text
    assert f'href="/agreement/{run.id}"' in page
    assert ">3 of 4<" in page
    assert 'data-label="raters">2<' in page


def test_without_a_run_that_asks_people_the_list_says_how_to_get_one(client):
    """An empty state with the next step."""
    page = client.get("/agreement").text
    assert "use: manual" in page
    assert "/scoring" in page


def test_a_judge_like_people_can_be_trusted(judged, answer, client):
    """Verdict, sentence, numbers, a drawing, and that nobody disagrees."""
    run = judged()
    answer(run, "ann")
    answer(run, "bob")
    page = text_of(client, f"/agreement/{run.id}")
    assert "✓ This judge can be trusted for this scenario" in page
    assert "on 24 outputs of 24 cases: usable for this scenario" in page
    assert "2 raters agree at alpha 1.00 on 24 outputs of 24 cases" in page
    assert "None: the scores of all 24 outputs are equal." in page
    assert client.get(f"/agreement/{run.id}").text.count('class="chart c-scatter" role="img"') == 2


def test_a_judge_that_guesses_is_not_to_be_gated_on_and_disagreements_lead_to_executions(judged, answer, client):
    """The largest first, each linked; the page they lead to exists."""
    run = judged(lambda number: 1 - true_value(number))
    answer(run, "ann")
    answer(run, "bob")
    page = client.get(f"/agreement/{run.id}").text
    assert "✗ Do not gate on this judge" in page
    links = re.findall(rf'href="(/runs/{run.id}/executions/\d+)">case-\d+#1<', page)
    assert len(links) == 10
    assert client.get(links[0]).status_code == 200


def test_raters_who_disagree_are_shown_and_limit_any_judge(judged, answer, client):
    """Their alpha, their differences, and what that means for the judge."""
    run = judged()
    answer(run, "ann")
    answer(run, "bob", lambda number: 1 - true_value(number))
    page = text_of(client, f"/agreement/{run.id}")
    assert "which a judge can hardly surpass" in page
    assert "ann · bob" in page
    assert "case-" in page


def test_too_few_cases_get_a_sentence_with_how_many_more(judged, answer, client):
    """No verdict, no interval, no number made up."""
    run = judged(cases=4)
    answer(run, "ann")
    answer(run, "bob")
    page = text_of(client, f"/agreement/{run.id}")
    assert "Whether this judge can be trusted is not known yet" in page
    assert "Manual scores of 6 further cases would be a beginning." in page
    assert "nan" not in page.lower().split()


def test_with_one_rater_and_with_none_the_page_says_what_to_do(judged, answer, client):
    """One person agrees with nobody; without answers nothing is known. Who may score is led there."""
    run = judged(cases=4)
    page = text_of(client, f"/agreement/{run.id}")
    assert "Nobody has answered would-send yet." in page
    assert "nothing is known of this judge" in page
    assert "Score 4 outputs" in page
    answer(run, "ann")
    assert "`raters: 2` asks for that" in text_of(client, f"/agreement/{run.id}")


def test_a_score_that_comes_later_counts_at_once(judged, answer, client):
    """What was computed is kept only until then."""
    run = judged()
    answer(run, "ann")
    answer(run, "bob")
    assert "alpha 1.00" in text_of(client, f"/agreement/{run.id}")
    answer(run, "bob", lambda number: 1 - true_value(number))
    assert "2 raters agree at alpha 1.00" not in text_of(client, f"/agreement/{run.id}")


def test_the_html_report_tells_the_same(judged, answer, workspace):
    """Corrected mean and agreement stand in the file; without answers a sentence says so."""
    run = judged()
    assert "Nobody has answered would-send yet." in report_of(workspace, run)
    answer(run, "ann")
    answer(run, "bob")
    report = report_of(workspace, run)
    assert "✓ This judge can be trusted for this scenario" in report
    assert "The judges’ means, corrected by people" in report
    assert "24 manual scores, 24 cases" in report


def report_of(workspace: Workspace, run: Run) -> str:
    out = io.BytesIO()
    workspace.write_report(workspace.source(run.id), "html", out)
    return out.getvalue().decode()


def test_everybody_who_may_look_sees_it_and_nobody_else(judged, client_as, new_client):
    """A viewer reads; who is not logged in is sent to the login."""
    run = judged(cases=2)
    viewer = client_as("viewer")
    assert "Score 2 outputs" not in text_of(viewer, f"/agreement/{run.id}")
    assert new_client().get(f"/agreement/{run.id}").headers["location"].startswith("/login")
    assert viewer.get("/agreement/20010101-000000-dead").status_code == 404
    assert viewer.get("/agreement/last").headers["location"] == f"/agreement/{run.id}"


HOSTILE = "<img src=http://127.0.0.1:9/x onerror=alert(1)>"


def test_hostile_names_are_text(judged, answer, client):
    """Of raters and of cases, in text, in drawings' titles and in links."""
    run = judged(lambda number: 1 - true_value(number), prefix=HOSTILE)
    answer(run, f"{HOSTILE}ann")
    answer(run, '"><script>alert(2)</script>')
    page = client.get(f"/agreement/{run.id}").text
    assert HOSTILE not in page
    assert "<script>alert" not in page
    assert "&lt;img src=http" in page


@pytest.mark.parametrize(
    "options",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 780}}],
    ids=["light", "dark", "narrow"],
)
def test_the_pages_are_accessible(judged, answer, open_page, accessible, options):
    """By axe, on WCAG 2.2 AA; a phone needs no sideways scrolling of the page; nothing is requested elsewhere."""
    run = judged(lambda number: min(1.0, true_value(number) + number % 2 / 4))
    answer(run, "ann")
    answer(run, "bob", lambda number: 1 - true_value(number) if number % 6 == 0 else true_value(number))
    page = open_page("/agreement", **options)
    accessible(page)
    page.get_by_role("link", name=run.id).click()
    page.locator(".c-scatter").first.wait_for()
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints == []
