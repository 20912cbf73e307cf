"""The HTML report as a file: self-contained, bounded, inert, the same each time."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import re
import zlib
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from peel.records import RunSummary
from peel.reports.format import ReportSource
from peel.reports.html import BUDGET, HtmlReport
from peel.reports.html_data import packed_arrays
from peel.reports.html_page import asset
from peel.store.reading import SCORED, Columns, ScoreColumn

HOSTILE = (
    "<script>alert(1)</script></script><!--<script></style><img src=x onerror=alert(2)>'\" javascript:alert(3) "
    "{{script}} \u2028\u2029\u202egnp.exe\u2066 \ud800 \x00\x1b[31m <iframe srcdoc=x> &lt;b&gt;"
)


class Page(HTMLParser):
    """Every tag with its attributes, and what stands in each element that was given an id."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def written(source: ReportSource) -> str:
    out = io.BytesIO()
    HtmlReport().write(source, out)
    return out.getvalue().decode()


def data(html: str, name: str) -> Any:
    found = re.search(rf'<script type="application/octet-stream" id="{name}">([^<]*)</script>', html)
    return None if found is None else zlib.decompress(base64.b64decode(found[1]))


def blocks(html: str) -> list[Any]:
    held = len(json.loads(data(html, "held")))
    return [json.loads(data(html, f"block-{place}")) for place in range(held)]


def test_the_file_refers_to_nothing_outside_itself(telco_source):
    """No source, no link but within the page, no event handler, no inline style."""
    for tag, attributes in Page(written(telco_source(text=HOSTILE))).tags:
        assert not {"src", "srcset", "data", "action", "style", "srcdoc"} & attributes.keys(), tag
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")


def test_the_policy_allows_the_page_s_own_script_and_style_and_nothing_else(telco_source):
    """The hashes in the policy are those of what stands in the file."""
    html = written(telco_source())
    policy = next(a["content"] for tag, a in Page(html).tags if a.get("http-equiv") == "Content-Security-Policy")
    script, style = (
        re.findall(r"<script>(.*?)</script>", html, re.DOTALL),
        re.findall(r"<style>(.*?)</style>", html, re.DOTALL),
    )
    assert len(script) == len(style) == 1
    library = data(html, "chart-library").decode()
    assert f"script-src {quoted_hash(script[0])} {quoted_hash(library)};" in policy
    assert f"style-src {quoted_hash(style[0])};" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy


def quoted_hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def test_the_script_never_makes_markup_of_text(telco_source):
    """The page's script has no way from a text to an element or to code."""
    script = re.findall(r"<script>(.*?)</script>", written(telco_source()), re.DOTALL)[0]
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "DOMParser"):
        assert forbidden not in script
    assert "setTimeout" not in script


def test_the_chart_library_makes_no_code_of_text(telco_source):
    """The library in the file is the one that ships, and it has no way from a text to code."""
    library = data(written(telco_source()), "chart-library").decode()
    assert library == asset("charts/echarts.js")
    for forbidden in ("eval(", "new Function", "document.write", "XMLHttpRequest", "fetch(", "importScripts"):
        assert forbidden not in library


def test_hostile_text_adds_no_tag(telco_source):
    """A run whose every text attacks has the same elements as a harmless one."""

    def tags(source: ReportSource) -> list[str]:
        return [tag for tag, _ in Page(written(source)).tags]

    def hostile(source: ReportSource) -> ReportSource:
        scenario = source.summary.scenarios[0]
        gate = scenario.gates[0].model_copy(update={"requirement": HOSTILE, "reason": HOSTILE})
        estimate = scenario.evaluators[0].model_copy(update={"id": HOSTILE, "on": HOSTILE, "note": HOSTILE})
        changed = scenario.model_copy(
            update={"gates": (gate,), "evaluators": (estimate,), "scenario": HOSTILE, "faults": {HOSTILE: 1}}
        )
        return ReportSource(summary=RunSummary(run=HOSTILE, scenarios=(changed,)), stored=source.stored)

    harmless = telco_source(cases=2, errors=0.0)
    expected = tags(harmless)
    found = tags(telco_source(cases=2, errors=0.0, text=HOSTILE, case_ids=lambda place: HOSTILE + str(place)))
    assert found == expected
    assert set(tags(hostile(harmless))) <= set(expected) | {"ul", "li"}


def test_hostile_text_is_kept_as_visible_text(telco_source):
    """Nothing readable is lost: markup stays as letters, what acts on its reader is made visible."""
    html = written(telco_source(cases=1, errors=0.0, text=HOSTILE))
    texts = [text for block in blocks(html) for text in block["texts"]]
    assert any(text.startswith("<script>alert(1)</script></script><!--") for text in texts)
    assert any("‹U+202E›gnp.exe" in text and "\ufffd" in text and "‹U+001B›[31m" in text for text in texts)
    assert not set("\u202e\u2066\u2028\x00\x1b") & set("".join(texts))


def test_the_same_store_gives_the_same_bytes(telco_source):
    """Two reports of one run do not differ."""
    assert written(telco_source()) == written(telco_source())


def test_verdicts_counts_and_intervals_are_readable_without_a_script(telco_source):
    """The upper half says it all in words: gates, means, intervals, counts, shares, models, usage."""
    source = telco_source(variants=("base", "cold"), cases=30)
    text = Page(re.sub(r"<(script|style).*?</\1>", "", written(source), flags=re.DOTALL)).text
    estimate = source.summary.scenarios[1].evaluators[1]
    assert "Gates: ✗ 2 failed, ? 2 undecided, ✓ 2 passed" in text
    assert f"[{estimate.low:.2f}, {estimate.high:.2f}]" in text
    assert f"{estimate.n_scored} of {estimate.n_executions}" in text
    assert f"{source.summary.scenarios[0].errored} errored" in text
    assert "judge : embedded (SmolLM2-135M-Instruct) judges meaning" in text
    assert "unknown" in text
    assert "cut off by the token limit" in text


def test_the_embedded_model_is_warned_of_and_a_better_one_is_not(telco_source):
    """The warning shows how to name a better model, and is absent where one was used."""
    weak, strong = Page(written(telco_source(weak=True))).text, Page(written(telco_source(weak=False))).text
    assert "answers badly and judges worse" in weak
    assert 'base_url: "https://api.openai.com/v1"' in weak
    assert "answers badly" not in strong
    assert "gpt-4o-mini" in strong


def test_an_execution_s_steps_scores_and_case_are_in_the_file(telco_source):
    """Prompts, passages with their source, outputs, reasons, attempts, faults and the case's inputs can be read."""
    html = written(telco_source(errors=0.2))
    made = {execution["number"]: (execution, block) for block in blocks(html) for execution in block["executions"]}
    assert len(made) == 40
    execution, block = made[0]
    steps = {step["id"]: step for step in execution["steps"]}

    def text(stored: str | int) -> str:
        return block["texts"][stored] if isinstance(stored, int) else stored

    assert steps["passages"]["passages"][0][:4] == ["AR83.pdf", "2.1 Reset button", "1", "0.830"]
    assert [role for role, _ in steps["answer"]["messages"]] == ["system", "user"]
    assert text(steps["answer"]["messages"][1][1]).startswith("Answer from these passages:")
    assert text(steps["answer"]["attempts"][0]) == "503: 503 Service Unavailable; waited 0.5 s"
    assert [score["evaluator"] for score in execution["scores"]][:2] == ["core-terms", "meaning"]
    assert text(block["cases"][execution["case"]]["inputs"][0][1]).startswith("Hello, my AR83")
    faults = [(e, b) for e, b in made.values() if e["fault"] is not None]
    assert faults
    assert all("TransportError: 429" in b["texts"][e["fault"]] for e, b in faults)


def test_a_repeated_text_is_held_once_in_a_block(telco_source):
    """Passages and system messages that repeat cost their place once."""
    block = blocks(written(telco_source(cases=2, repetitions=20)))[0]
    assert len(block["texts"]) == len(set(block["texts"]))
    assert len(block["executions"]) == 40


def test_scores_of_every_execution_are_in_the_arrays(telco_source):
    """The packed arrays give back case, repetition, number, status and value of each execution."""
    source = telco_source(cases=7, repetitions=3)
    columns = source.stored.columns("telco-support", "base")
    raw, n = data(written(source), "part-0"), len(columns.number)
    case, repetition, number = (np.cumsum(np.frombuffer(raw, "<i4", n, offset=4 * n * place)) for place in range(3))
    assert np.array_equal(number, columns.number)
    assert np.array_equal(case, columns.case)
    assert np.array_equal(repetition, columns.repetition)
    meaning, values = columns.scores["meaning"], np.frombuffer(raw, "<u2", n, offset=14 * n)
    scored = meaning.status == SCORED
    assert np.allclose(values[scored] / 1000, meaning.value[scored], atol=0.0005)
    assert (values[~scored] > 1000).all()
    flags = np.frombuffer(raw, np.uint8, n, offset=12 * n + 8 * n)
    assert np.array_equal(flags & 1, columns.ok.astype(np.uint8))


@pytest.mark.parametrize(
    ("value", "below"), [(0.29999, True), (0.3, False), (0.30001, False), (0.0, True), (1.0, False)]
)
def test_rounding_moves_no_score_over_the_threshold(value, below):
    """What is below 0.3 is drawn below 0.3, and nothing else is."""
    one = np.zeros(1)
    columns = Columns(
        planned=1,
        number=np.zeros(1, dtype=np.int64),
        case=np.zeros(1, dtype=np.int64),
        repetition=np.ones(1, dtype=np.int64),
        ok=np.ones(1, dtype=bool),
        latency_s=one,
        tokens_in=one,
        tokens_out=one,
        cost_usd=one,
        marks=np.zeros(1, dtype=np.uint8),
        scores={"e": ScoreColumn(status=np.zeros(1, dtype=np.int8), value=np.array([value]), reasons={})},
        faults={},
    )
    raw = zlib.decompress(base64.b64decode(packed_arrays(columns, threshold=0.3)))
    assert (np.frombuffer(raw, "<u2", 1, offset=12)[0] < 300) is np.bool_(below)


def test_large_texts_stop_at_the_budget_and_so_does_the_reading(telco_source):
    """Texts that do not compress: the file stays within its budget, and what finds no room is not even read."""
    noise = [base64.b85encode(random.Random(place).randbytes(9_000)).decode() for place in range(150)]
    source = telco_source(cases=30, repetitions=40, errors=0.0)
    source.stored.executions = with_outputs(source.stored.executions, noise)
    html = written(source)
    held = sum(len(numbers) for numbers in json.loads(data(html, "held")))
    assert len(html) < BUDGET
    assert 30 <= held < 1200
    assert len(source.stored.read) < 1200


def with_outputs(read: Any, noise: list[str]) -> Any:
    """The same executions, each step's output a text of its own that does not compress."""

    def executions(numbers: Any) -> Any:
        for execution, scores in read(numbers):
            texts = [noise[(execution.number * 7 + place) % len(noise)] for place in range(4)]
            steps = tuple(
                step.model_copy(update={"output": f"{execution.number} {text[::-1]}"})
                for step, text in zip(execution.steps, texts, strict=True)
            )
            yield execution.model_copy(update={"steps": steps}), scores

    return executions


def test_a_giant_text_is_cut_and_says_so(telco_source):
    """Ten megabytes of one output take their bounded place."""
    html = written(telco_source(cases=1, repetitions=1, errors=0.0, text="z" * 10_000_000))
    assert len(html) < 500_000
    assert any(text.endswith("more characters)") for block in blocks(html) for text in block["texts"])


def test_many_variants_stay_within_the_budget(telco_source):
    """A matrix of 300 variants is drawn as far as it is readable; the rest is referred to."""
    html = written(telco_source(cases=2, repetitions=1, variants=tuple(f"v{place}" for place in range(300))))
    assert len(html) < BUDGET
    assert "further rows are in the JSON report" in html


def test_a_run_that_has_executed_nothing_is_a_report_too(telco_source):
    """Zero executions: no number is invented."""
    source = telco_source(cases=1, repetitions=0)
    html = written(source)
    assert json.loads(data(html, "held")) == []
    assert "0 planned" in html


def test_ten_thousand_executions_stay_under_five_megabytes(large_report):
    """10,000 executions of four steps with prompts of 3 kB: under 5 MB, with texts of each case, the weakest first."""
    html = large_report.read_text(encoding="utf-8")
    assert large_report.stat().st_size < 5_000_000
    held = {number for numbers in json.loads(data(html, "held")) for number in numbers}
    assert len({number // 100 for number in held}) == 100
    assert len(held) > 2_000
