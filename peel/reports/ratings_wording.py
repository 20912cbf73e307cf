"""How a report of users' ratings is put into words and tables: the same in the terminal, HTML and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from peel.counting import counted
from peel.estimates.feedback_report import unmatched_share
from peel.estimates.watching import in_words
from peel.records.feedback import LABELS, FeedbackFilter, FeedbackLimits
from peel.records.production import (
    Against,
    Alarm,
    FeedbackReport,
    GroupEstimate,
    PeriodEstimate,
    RatingEstimate,
    Standing,
)
from peel.reports.comparison_wording import signed
from peel.reports.short_tables import ShortTable
from peel.reports.wording import day_and_time, interval, number, share

GROUPS_TOLD = 20
"""How many rows of a group a report shows; the JSON has all."""

ALARMS_TOLD = 10
"""How many alarms it shows, the latest."""

UNNAMED = "(none)"
"""What stands for interactions that name no scenario, version or channel."""

STANDINGS: dict[Standing, str] = {
    "users-worse": "users find it worse",
    "users-better": "users find it better",
    "no-difference": "no evidence of a difference",
    "unknown": "not known",
}
"""Where users stand against the test bed, as words."""

SIGNS: dict[Standing, str] = {"users-worse": "▼", "users-better": "▲", "no-difference": "?", "unknown": "–"}
"""The same as a sign that needs no colour."""

PERIODS = {"day": "day", "week": "week", "month": "month"}
_NAMES = {"scenario": "scenario", "variant": "variant", "app_version": "version", "channel": "channel",
          "language": "language"}  # fmt: skip


def headline(report: FeedbackReport) -> str:
    """The mean with its interval, and of how many it is."""
    tally = report.overall.tally
    if not tally.rated:
        return f"no rating: {counted(tally.interactions, 'interaction')}, none of them rated"
    return (
        f"mean rating {with_interval(report.overall)} ({tally.rated:,} of {counted(tally.interactions, 'interaction')} "
        f"rated, {share(tally.share_rated)})"
    )


def with_interval(estimate: RatingEstimate) -> str:
    """A mean with its interval: `0.74 [0.71, 0.77]`."""
    return f"{number(estimate.value)} {interval(estimate.low, estimate.high)}"


def applied(report: FeedbackReport) -> str:
    """What the report is about, and how many interactions of all that is."""
    told = "; ".join(conditions(report.wanted)) or "all interactions"
    of = f"{report.overall.tally.interactions:,} of {counted(report.limits.interactions, 'interaction')}"
    return f"selected: {told}: {of}"


def conditions(wanted: FeedbackFilter) -> Iterator[str]:
    """What is applied, condition by condition."""
    if wanted.since is not None:
        yield f"from {moment(wanted.since)}"
    if wanted.until is not None:
        yield f"until before {moment(wanted.until)}"
    for label in LABELS:
        values: Sequence[str | None] = getattr(wanted, label)
        if values:
            yield f"{_NAMES[label]} {' or '.join(UNNAMED if one is None else one for one in values)}"
    if wanted.mapping:
        yield f"mapped {' or '.join(wanted.mapping)}"
    if wanted.rated is not None:
        yield "rated" if wanted.rated else "not rated"


def moment(at: float) -> str:
    """A moment in UTC; a day where it is the beginning of one."""
    when = datetime.fromtimestamp(at, UTC)
    return when.strftime("%Y-%m-%d") if at % 86400 == 0 else when.strftime("%Y-%m-%d %H:%M:%S UTC")


def empty(limits: FeedbackLimits) -> str:
    """What to say where nothing matches: what there is."""
    if limits.first is None or limits.last is None:
        return "There are no interactions yet: `peel ratings import FILE` takes some, as does the API of `peel serve`."
    return (
        f"Nothing matches. There {'is' if limits.interactions == 1 else 'are'} "
        f"{counted(limits.interactions, 'interaction')}, the first of {day_and_time(limits.first)}, the last of "
        f"{day_and_time(limits.last)}."
    )


def users_worse(report: FeedbackReport) -> str:
    """Where users find worse what the test bed finds good; empty where nowhere."""
    found = [one for one in report.against if one.standing == "users-worse"]
    if not found:
        return ""
    told = [f"{_of_version(one)}: users {_production(one)}, test bed {_test_bed(one)}" for one in found[:3]]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return f"Users find worse than the test bed does: {'; '.join(told)}{more}."


def alarm_sentences(alarms: Sequence[Alarm]) -> list[str]:
    """The latest alarms, each in a sentence that says when, and whether somebody saw it."""
    return [
        f"{in_words(one)} ({day_and_time(one.at)}{'; acknowledged' if one.acknowledged is not None else ''})."
        for one in alarms[:ALARMS_TOLD]
    ]


def key_numbers(report: FeedbackReport) -> list[tuple[str, str]]:
    """What to look at first, each with what it is made of."""
    overall, tally = report.overall, report.overall.tally
    mapped = sum(count for state, count in report.mapping.items() if state != "waiting")
    unmatched = report.mapping.get("unmatched", 0)
    waiting = report.mapping.get("waiting", 0)
    found = [
        ("mean rating", with_interval(overall)),
        ("rated", f"{share(tally.share_rated)} ({tally.rated:,} of {tally.interactions:,})"),
        (f"rated below {report.low:g}", f"{share(tally.share_low)} ({tally.low:,} of {tally.rated:,})"),
        ("mean of all, whatever the others think", _bounds(overall)),
        ("unmatched", f"{share(unmatched_share(report))} ({unmatched:,} of {mapped:,} mapped)"),
    ]
    if report.adjusted is not None:
        found.insert(1, ("if all scenarios were rated as often", number(report.adjusted)))
    if waiting:
        found.append(("not mapped yet", f"{waiting:,} of {tally.interactions:,}"))
    if report.weakest is not None:
        found.append(("weakest scenario", f"{report.weakest.name}: {with_interval(report.weakest.estimate)}"))
    return found


def _bounds(estimate: RatingEstimate) -> str:
    return "–" if estimate.worst is None else f"{number(estimate.worst)} to {number(estimate.best)}"


def tables(report: FeedbackReport) -> tuple[ShortTable, ...]:
    """Those tables of a report that hold something."""
    made = (
        against_table(report),
        groups_table("by scenario", report.by_scenario, left_out=report.left_out.get("scenario", 0)),
        groups_table("by version", report.by_version, left_out=report.left_out.get("app_version", 0)),
        topics_table(report),
        over_time_table(report),
        distribution_table(report),
    )
    return tuple(table for table in made if table is not None)


_COUNTED = ("mean:", "interval", "rated:", "of interactions:", "below:")


def _cells(estimate: RatingEstimate) -> tuple[str, ...]:
    tally = estimate.tally
    return (
        number(estimate.value),
        interval(estimate.low, estimate.high),
        f"{tally.rated:,}",
        f"{tally.interactions:,} ({share(tally.share_rated)})",
        f"{share(tally.share_low)}",
    )


def groups_table(title: str, groups: Sequence[GroupEstimate], *, left_out: int = 0) -> ShortTable | None:
    """Groups, the lowest mean first, those without a rating last; None where there is only one without a name."""
    if not any(one.name is not None for one in groups):
        return None
    ordered = sorted(groups, key=lambda one: (one.estimate.value is None, one.estimate.value or 0.0, one.name or ""))
    rows = tuple((UNNAMED if one.name is None else one.name, *_cells(one.estimate)) for one in ordered[:GROUPS_TOLD])
    more = max(0, len(ordered) - GROUPS_TOLD) + left_out
    notes = [f"{one.name or UNNAMED}: {one.estimate.note}" for one in ordered[:GROUPS_TOLD] if one.estimate.note]
    return ShortTable(title, ("", *_COUNTED), rows, (*_first(notes), *_more(more)))


def topics_table(report: FeedbackReport) -> ShortTable | None:
    """The lowest-rated topics of the last discovery; None where there is none."""
    if not report.topics:
        return None
    rows = tuple((one.name, *_cells(one.estimate)) for one in report.topics[:GROUPS_TOLD])
    more = max(0, len(report.topics) - GROUPS_TOLD) + report.left_out.get("topic", 0)
    return ShortTable("lowest-rated topics", ("", *_COUNTED), rows, tuple(_more(more)))


def over_time_table(report: FeedbackReport) -> ShortTable | None:
    """Periods, the latest last; None where there is none."""
    if not report.over_time:
        return None
    told = report.over_time[-GROUPS_TOLD:]
    rows = tuple((period_name(one, report), *_cells(one.estimate)) for one in told)
    earlier = len(report.over_time) - len(told)
    more = f"{counted(earlier, 'earlier ' + PERIODS[report.period])}; the JSON report has all."
    return ShortTable(f"by {PERIODS[report.period]}", ("", *_COUNTED), rows, (more,) if earlier else ())


def period_name(one: PeriodEstimate, report: FeedbackReport) -> str:
    """A day, a week as in ISO 8601 with its Monday, or a month."""
    if report.period == "day":
        return one.first
    first = datetime.fromisoformat(one.first)
    return first.strftime("%G-W%V, from %d %b") if report.period == "week" else first.strftime("%Y-%m")


def distribution_table(report: FeedbackReport) -> ShortTable | None:
    """How many ratings lie where, in fifths; None where nothing is rated."""
    bins, rated = report.histogram, report.overall.tally.rated
    if not rated or len(bins) % 5:
        return None
    width = len(bins) // 5
    counts = [sum(bins[place : place + width]) for place in range(0, len(bins), width)]
    names = ("0 to 0.2", "0.2 to 0.4", "0.4 to 0.6", "0.6 to 0.8", "0.8 to 1")
    rows = tuple((name, f"{count:,}", share(count / rated)) for name, count in zip(names, counts, strict=True))
    return ShortTable("distribution of ratings", ("", "rated:", "share:"), rows)


def against_table(report: FeedbackReport) -> ShortTable | None:
    """Production beside the test bed; None where no run has any of the scenarios."""
    known = [one for one in report.against if one.test_bed is not None]
    if not known:
        return None
    rows = tuple(
        (
            one.scenario,
            UNNAMED if one.version is None else one.version,
            _production(one),
            f"{one.production.tally.rated:,}" if one.production else "–",
            _test_bed(one),
            f"{one.test_bed.n_cases:,}" if one.test_bed else "–",
            f"{signed(one.difference)} {interval_of(one)}",
            f"{SIGNS[one.standing]} {STANDINGS[one.standing]}",
        )
        for one in known[:GROUPS_TOLD]
    )
    headings = ("scenario", "version", "users", "rated:", "test bed", "cases:", "users - test bed", "")
    return ShortTable("production against the test bed", headings, rows, tuple(_of_against(report, known)))


def interval_of(one: Against) -> str:
    """The interval of a difference: `[-0.21, -0.03]`."""
    return "–" if one.low is None or one.high is None else f"[{signed(one.low)}, {signed(one.high)}]"


def _of_against(report: FeedbackReport, known: Sequence[Against]) -> Iterator[str]:
    offset = report.offset
    if offset is not None:
        word = "lower" if offset.mean < 0 else "higher"
        differ = ""
        if offset.p is not None and offset.p < 0.05:
            furthest = min(offset.scenarios, key=lambda name: (offset.scenarios[name], name))
            differ = f" Scenarios differ by more than chance (p = {offset.p:.2g}): look at {furthest}."
        yield (
            f"Over {counted(len(offset.scenarios), 'scenario')}, production is {abs(offset.mean):.2f} {word} than the "
            f"test bed ({signed(offset.low)} to {signed(offset.high)}).{differ}"
        )
    runs = list(dict.fromkeys(one.test_bed.run for one in known if one.test_bed))
    others = [one for one in known if one.test_bed and one.version is not None and one.test_bed.version is None]
    if others:
        yield f"The latest run stands beside each version that no run is known to be of ({', '.join(runs[:3])})."
    yield from _more(max(0, len(known) - GROUPS_TOLD))
    missing = len(report.against) - len(known)
    if missing:
        yield f"{counted(missing, 'further pair')} of scenario and version: no finished run of it has a score."


def _of_version(one: Against) -> str:
    return one.scenario if one.version is None else f"{one.scenario} (version {one.version})"


def _production(one: Against) -> str:
    return "–" if one.production is None else with_interval(one.production)


def _test_bed(one: Against) -> str:
    found = one.test_bed
    return "–" if found is None else f"{number(found.value)} {interval(found.low, found.high)}"


def _first(notes: Iterable[str], most: int = 3) -> Iterator[str]:
    every = list(notes)
    yield from every[:most]
    if len(every) > most:
        yield f"{len(every) - most:,} further notes are in the JSON report."


def _more(count: int) -> Iterator[str]:
    if count:
        yield f"{count:,} more; the JSON report has all that are counted."


def sentences(report: FeedbackReport) -> list[str]:
    """What must be known to read the numbers."""
    overall = report.overall
    found = [overall.note] if overall.note else []
    if overall.tally.rated:
        found.append(f"Intervals hold with {overall.level:.0%} confidence ({overall.method}).")
        found.append("Who rates is not everybody: read each mean beside the share that is rated.")
    return [*found, *report.notes]
