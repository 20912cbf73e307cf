"""`peel run`: plans, executes, scores, reports; its exit codes and its JSON are the contract."""

from __future__ import annotations

import json
from datetime import datetime

from aiohttp import web


def test_a_run_executes_every_case_in_every_repetition_and_reports_the_contracts_json(folder, server):
    """Two cases, three repetitions, two calls each: twelve requests, and a JSON report with all its fields."""
    done = folder.peel("run", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(server.requests) == 12
    assert report["schema"] == 1
    assert report["run"]["status"] == "finished"
    assert set(report["run"]) >= {"id", "started", "finished", "status", "provenance"}
    (scenario,) = report["scenarios"]
    assert (scenario["planned"], scenario["completed"], scenario["errored"]) == (6, 6, 0)
    (estimate,) = scenario["evaluators"]
    assert (estimate["n_cases"], estimate["n_executions"], estimate["n_scored"]) == (2, 6, 6)
    assert (estimate["n_unscored"], estimate["n_pending"], estimate["value"]) == (0, 0, 1.0)
    assert 0 < estimate["low"] < estimate["high"] <= 1
    assert set(estimate["these_cases"]) == {"low", "high", "method"}
    assert estimate["below"] == {"threshold": 0.3, "count": 0, "share": 0.0}
    assert scenario["usage"]["tokens_in"] == 120
    assert abs(scenario["usage"]["cost_usd"] - 12 * 20e-6) < 1e-12
    assert {"mean", "p50", "p95"} <= set(scenario["usage"]["latency_s"])
    (gate,) = scenario["gates"]
    assert (gate["verdict"], gate["scope"]) == ("pass", "these-cases")


def test_a_gate_that_failed_is_exit_code_1(folder, server):
    """Every answer is wrong, and the gate asks for more."""
    server.reply = lambda request: "no idea"
    text = (folder.root / "scenarios/support.yaml").read_text().replace("at_least: 0.3", "at_least: 0.8")
    folder.write("scenarios/support.yaml", text)
    done = folder.peel("run")
    assert done.returncode == 1
    assert "failed" in done.stdout


def test_executions_that_errored_are_exit_code_3_and_counted(folder, server):
    """One case's calls are refused by the server: its executions are records with a fault, not zeros."""
    server.reply = lambda request: (
        web.json_response({"error": {"message": "too long"}}, status=400) if "red light" in str(request) else "reset"
    )
    folder.write("scenarios/support.yaml", (folder.root / "scenarios/support.yaml").read_text().replace("0.3}", "0.0}"))
    done = folder.peel("run")
    assert done.returncode == 3, done.stdout + done.stderr
    (scenario,) = folder.report()["scenarios"]
    assert (scenario["planned"], scenario["completed"], scenario["errored"]) == (6, 3, 3)
    assert scenario["evaluators"][0]["n_scored"] == 3
    assert "3 × RefusedError in question" in done.stdout
    # A table folds a long message between two words.
    assert "too long" in " ".join(done.stdout.split())


def test_an_undecided_gate_is_exit_code_4(folder, server):
    """Six right answers do not show 0.9 with 95 % confidence."""
    text = (folder.root / "scenarios/support.yaml").read_text().replace("at_least: 0.3", "at_least: 0.9")
    folder.write("scenarios/support.yaml", text)
    done = folder.peel("run")
    assert done.returncode == 4
    assert "undecided" in done.stdout


def test_a_wrong_answer_is_never_asked_again(folder, server):
    """Only faults of transport are retried."""
    server.reply = lambda request: "wrong"
    folder.peel("run", "-n", "1")
    assert len(server.requests) == 4


def test_a_fault_of_transport_is_retried_and_its_attempts_are_recorded(folder, server):
    """The first request of all meets a 503; the run ends well and shows the attempt."""
    replies = iter([web.Response(status=503, headers={"Retry-After": "0"})])
    server.reply = lambda request: next(replies, "reset button, 3 seconds")
    done = folder.peel("run", "-n", "1", "--case", "moving")
    assert done.returncode in (0, 4), done.stderr
    assert "503" in folder.peel("show", "last", "moving#1").stdout


def test_cases_tags_variants_and_repetitions_narrow_a_run(folder, server):
    """`--tag demo -n 2` leaves one case and two repetitions."""
    done = folder.peel("run", "--tag", "demo", "-n", "2", "--json")
    (scenario,) = json.loads(done.stdout)["scenarios"]
    assert scenario["planned"] == 2
    assert folder.peel("run", "--case", "light", "-n", "1", "--json").returncode in (0, 4)


def test_every_flag_has_an_environment_variable(folder):
    """PEEL_RUN_REPETITIONS stands for --repetitions."""
    done = folder.peel("run", "--json", PEEL_RUN_REPETITIONS="1", PEEL_RUN_TAG="demo")
    assert json.loads(done.stdout)["scenarios"][0]["planned"] == 1


def test_variants_run_beside_the_base_and_change_only_what_they_name(folder, server):
    """A named variant and a matrix give base and three more, each with its temperature."""
    text = (folder.root / "scenarios/support.yaml").read_text()
    folder.write(
        "scenarios/support.yaml",
        text + "variants:\n  cold: {answer.temperature: 0}\nmatrix:\n  answer.temperature: [0.2, 1.0]\n",
    )
    done = folder.peel("run", "-n", "1", "--case", "moving", "--json")
    names = [scenario["variant"] for scenario in json.loads(done.stdout)["scenarios"]]
    assert names == ["base", "cold", "answer.temperature=0.2", "answer.temperature=1.0"]
    sent = sorted(request["temperature"] for request in server.requests if "temperature" in request)
    assert sent == [0, 0.2, 0.5, 1.0]
    only = folder.peel("run", "-n", "1", "--case", "moving", "--variant", "cold", "--json")
    assert [scenario["variant"] for scenario in json.loads(only.stdout)["scenarios"]] == ["cold"]


def test_a_seed_is_varied_by_repetition(folder, server):
    """Repetitions with one seed would be one answer three times."""
    text = (folder.root / "orchestrations/reply.yaml").read_text().replace("temperature: 0.5", "seed: 7")
    folder.write("orchestrations/reply.yaml", text)
    folder.peel("run", "--case", "moving")
    assert sorted(request["seed"] for request in server.requests if "seed" in request) == [7, 8, 9]


def test_another_model_for_a_role_is_asked(folder, server):
    """`--model default=other` changes the name that the server is asked for."""
    folder.peel("run", "--model", "default=other", "-n", "1", "--case", "moving")
    assert {request["model"] for request in server.requests} == {"other"}


def test_progress_goes_to_standard_error_and_json_alone_to_standard_output(folder):
    """With --json, standard output is one JSON document."""
    done = folder.peel("run", "--json", "-n", "1")
    json.loads(done.stdout)
    assert "executions" in done.stderr


def test_reports_are_written_in_every_format_where_asked(folder):
    """`--reports DIR` holds HTML, JSON, CSV, JUnit and Markdown, and the HTML's path is printed last."""
    done = folder.peel("run", "-n", "1", "--reports", "out")
    suffixes = {path.suffix for path in (folder.root / "out").iterdir()}
    assert suffixes == {".html", ".json", ".csv", ".xml", ".md"}
    assert done.stdout.splitlines()[-1].startswith("HTML report: out/")


def test_the_budget_stops_a_run_before_it_is_passed_and_the_run_can_be_completed(folder, server):
    """Each execution costs 40 millionths of a dollar; a budget for three of them executes three."""
    done = folder.peel("run", "--budget", "0.000121", "-j", "1")
    assert done.returncode == 130
    assert "--resume" in done.stderr
    assert len(server.requests) == 6
    assert folder.peel("run", "--resume", "last", "--budget", "1").returncode == 0
    assert len(server.requests) == 12


def test_a_budget_cannot_be_kept_where_a_price_is_unknown(folder, server):
    """The run says so instead of spending without a limit."""
    text = (
        (folder.root / "peel.yaml")
        .read_text()
        .replace(", price: {input_per_million: 1.0, output_per_million: 2.0}", "")
    )
    folder.write("peel.yaml", text)
    done = folder.peel("run", "--budget", "1")
    assert done.returncode == 2
    assert "price" in done.stderr
    assert not server.requests


def test_a_key_of_the_environment_is_sent_and_neither_stored_nor_printed(folder, server):
    """The secret reaches the server's header and nothing else."""
    text = (
        (folder.root / "peel.yaml").read_text().replace("model: scripted,", 'model: scripted, api_key: "${THE_KEY}",')
    )
    folder.write("peel.yaml", text)
    done = folder.peel("run", "-n", "1", "--reports", "out", THE_KEY="sk-very-secret-1")
    assert done.returncode in (0, 4), done.stderr
    everything = b"".join(path.read_bytes() for path in folder.root.rglob("*") if path.is_file())
    assert b"sk-very-secret-1" not in everything
    assert "sk-very-secret-1" not in done.stdout + done.stderr


def test_the_time_in_peels_own_queue_is_no_latency_of_the_application(folder, server):
    """One call at a time: no two calls overlap, so the latencies of all executions fit into the run's time."""
    server.delay_s = 0.05
    one_at_a_time = (
        (folder.root / "peel.yaml").read_text().replace("model: scripted,", "model: scripted, concurrency: 1,")
    )
    folder.write("peel.yaml", one_at_a_time)
    assert folder.peel("run").returncode == 0
    report = folder.report()
    started, finished = (datetime.fromisoformat(report["run"][name]) for name in ("started", "finished"))
    latency_s = report["scenarios"][0]["usage"]["latency_s"]["mean"]
    assert 6 * latency_s <= (finished - started).total_seconds()
