"""What `--peel` collects, under which ids, and that a session without it has nothing of it."""

from __future__ import annotations

import subprocess
import sys

pytest_plugins = ("pytester",)

BASE = ["scenarios/support.yaml::support::moving", "scenarios/support.yaml::support::light"]
COLD = ["scenarios/support.yaml::support[cold]::moving", "scenarios/support.yaml::support[cold]::light"]
GATES = [
    "scenarios/support.yaml::support::gate core-terms at least 0.5",
    "scenarios/support.yaml::support[cold]::gate core-terms at least 0.5",
]
PLAIN = "tests/test_plain.py::test_plain"


def test_each_case_of_each_variant_is_an_item_and_each_gate_another(project, server):
    """The ids say file, scenario, variant and case; collecting asks no model."""
    assert project.ids("--peel") == [*BASE, *COLD, *GATES, PLAIN]
    assert server.prompts == []


def test_without_the_option_no_scenario_is_collected_and_nothing_is_asked(project, server):
    """A plain session runs its plain tests, even over a scenario that is broken."""
    project.write("scenarios/broken.yaml", "scenario: [")
    assert project.ids() == [PLAIN]
    project.run().assert_outcomes(passed=1)
    assert server.prompts == []


def test_the_configuration_may_ask_for_it(project):
    """`peel = true` does what the option does."""
    project.write("pytest.ini", "[pytest]\npeel = true\n")
    assert project.ids("scenarios") == [*BASE, *COLD, *GATES]


def test_a_session_without_it_imports_pytest_and_the_standard_library_only():
    """What the plugin's module brings into a process that has pytest: itself and the empty package around it."""
    code = (
        "import sys, pytest; before = set(sys.modules); import peel.pytest_plugin; "
        "new = {name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names); "
        "print(new, sorted(name for name in sys.modules if name.startswith('peel')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "{'peel'} ['peel', 'peel.pytest_plugin']"


def test_a_plain_session_ends_without_having_imported_the_rest_of_peel(project):
    """Not by collecting a folder of scenarios either."""
    project.write(
        "conftest.py",
        "import sys\n"
        "def pytest_unconfigure():\n"
        "    print('LOADED', sorted(name for name in sys.modules if name.split('.')[0] == 'peel'))\n",
    )
    project.run().stdout.fnmatch_lines(["LOADED ?'peel', 'peel.pytest_plugin'?"])


def test_k_and_m_select_by_case_variant_and_tag(project, server):
    """A tag is a mark, save where it would do something to a test (`skip`); only what is selected is executed."""
    assert project.ids("--peel", "-k", "cold and light") == [COLD[1]]
    assert project.ids("--peel", "-m", "peel_gate") == GATES
    project.run("--peel", "--strict-markers", "-m", "demo").assert_outcomes(passed=2, deselected=5)
    assert (server.asked("I move"), server.asked("A red light")) == (8, 0)


def test_an_id_names_one_item(project):
    """Every id that is listed can be given; a scenario's id stands for all of its variants."""
    given = [BASE[1], COLD[0], *GATES]
    assert project.ids("--peel", *given) == given
    assert project.ids("--peel", "scenarios/support.yaml::support") == [*BASE, *COLD, *GATES]


def test_a_variant_and_a_model_can_be_chosen(project, server):
    """`--peel-variant` leaves the others out, `--peel-model` changes what is asked, `--peel-repetitions` how often."""
    options = (
        "--peel",
        "--peel-variant",
        "cold",
        "--peel-model",
        "default=other",
        "--peel-repetitions",
        "3",
        "-k",
        "moving",
    )
    project.run(*options).assert_outcomes(passed=1, deselected=3)
    assert [(one["model"], one["temperature"]) for one in server.requests] == [("other", 0)] * 3


def test_a_slip_in_an_option_is_told_with_what_exists(project, server):
    """Before anything is asked."""
    for option, value, told in (
        ("--peel-variant", "colt", "did you mean 'cold'"),
        ("--peel-model", "defalt=x", "did you mean 'default'"),
        ("--peel-model", "default", "not ROLE=NAME"),
        ("--peel-repetitions", "0", "no number of repetitions, which is 1 or more"),
    ):
        done = project.run("--peel", option, value)
        assert done.ret != 0
        assert told in done.stdout.str() + done.stderr.str()
    assert server.prompts == []


def test_what_is_wrong_in_a_scenario_is_an_error_of_its_file_and_nothing_is_executed(project, server):
    """All of it at once, with lines: what the file says, and what does not compile."""
    project.change("scenarios/support.yaml", "use: regex", "use: regx")
    project.change("scenarios/support.yaml", "id: light", "id: moving")
    done = project.run("--peel")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*ERROR collecting scenarios/support.yaml*"])
    text = done.stdout.str()
    assert "support.yaml:10:" in text
    assert "did you mean 'regex'" in text
    assert "duplicate case id 'moving'" in text
    assert "Traceback" not in text
    assert server.prompts == []


def test_a_list_of_cases_is_no_scenario_and_neither_is_another_yaml_file(project):
    """Only what lies in `scenarios/` and is a scenario is collected."""
    project.write("scenarios/cases.yaml", "- {id: a, inputs: {email: x}}\n")
    project.write("docker-compose.yaml", "services: {}\n")
    assert {line.split("::")[0] for line in project.ids("--peel")} == {"scenarios/support.yaml", "tests/test_plain.py"}


def test_a_file_that_is_named_is_a_scenario_wherever_in_the_workspace_it_lies(project):
    """A scenario outside of `scenarios/` is collected when its path is given."""
    text = (project.root / "scenarios/support.yaml").read_text().replace("scenario: support", "scenario: draft")
    project.write("drafts/draft.yaml", text)
    assert "drafts/draft.yaml::draft::moving" in project.ids("--peel", "drafts/draft.yaml")
    assert not any("draft" in line for line in project.ids("--peel"))


def test_two_gates_that_read_the_same_have_two_ids(project):
    """The scope tells them apart, or their place."""
    gate = "  - {evaluator: core-terms, at_least: 0.5}\n"
    project.change("scenarios/support.yaml", gate, gate * 2 + gate.replace("}", ", scope: cases-like-these}"))
    ids = project.ids("--peel", "-k", "gate and not cold")
    assert [line.split("::")[-1] for line in ids] == [
        "gate core-terms at least 0.5",
        "gate core-terms at least 0.5 #2",
        "gate core-terms at least 0.5 (cases-like-these)",
    ]
