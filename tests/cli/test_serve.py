"""`peel serve` and `peel user`: where a server may start, what it says, and how users and tokens come about."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

PASSWORD = "nobody guesses this"


@pytest.fixture
def typed(folder: Any) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command with something on its standard input."""

    def run(*arguments: str, given: str = f"{PASSWORD}\n") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "peel.cli", *arguments]
        return subprocess.run(
            command, cwd=folder.root, input=given, capture_output=True, text=True, timeout=120, check=False
        )

    return run


@pytest.fixture
def started(folder: Any) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Starts `peel serve` and gives its process and address once it says that it is there."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], str]:
        running.append(folder.start("serve", "--port", "0", *arguments))
        assert running[-1].stdout is not None
        said = running[-1].stdout.readline()
        found = re.search(r"at (http://\S+/) \(Ctrl-C ends it\)", said)
        assert found is not None, (said, running[-1].communicate(timeout=10))
        return running[-1], found[1]

    yield start
    for process in running:
        process.kill()
        process.communicate(timeout=30)


def asked(url: str, **headers: str) -> httpx.Response:
    """A request that no proxy of this machine sees."""
    return httpx.get(url, headers=headers, timeout=60, trust_env=False)


def test_on_loopback_it_serves_at_once_and_ends_cleanly(started: Any) -> None:
    """When it says its address it answers there; Ctrl-C and SIGTERM are how it is meant to end."""
    for ending in (signal.SIGINT, signal.SIGTERM):
        process, url = started()
        assert asked(f"{url}health").json() == {"status": "ok"}
        assert asked(f"{url}admin").status_code == 200
        process.send_signal(ending)
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "there are no users, so nobody has to log in; only this machine reaches it" in told
        assert "Traceback" not in told


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--host", "0.0.0.0"], "other machines reach 0.0.0.0, and there is no user yet"),  # noqa: S104  # what is tested
        (["--host", "::"], "other machines reach ::, and there is no user yet"),
        (["--name", "peel.example.com"], "with --name other machines are to reach this server, and there is no user"),
        (["--trusted-proxy", "127.0.0.1"], "with --trusted-proxy other machines are to reach this server"),
    ],
)
def test_where_others_reach_it_it_needs_a_user_first(folder: Any, arguments: list[str], why: str) -> None:
    """It refuses to start, and says how to make one."""
    done = folder.peel("serve", "--port", "0", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert "peel user add NAME --role admin" in done.stderr


def test_with_a_user_others_may_reach_it_and_have_to_log_in(typed: Any, started: Any) -> None:
    """By any address of this machine, and by no name that it was not told."""
    assert typed("user", "add", "ann", "--role", "admin").returncode == 0
    _, url = started("--host", "0.0.0.0", "--name", "peel.example.com")  # noqa: S104  # what is tested
    assert asked(f"{url}health").status_code == 200
    assert asked(f"{url}admin").headers["location"] == "/login?next=%2Fadmin"
    assert asked(f"{url}health", Host="peel.example.com").status_code == 200
    assert asked(f"{url}health", Host="evil.example").status_code == 421


def test_only_a_trusted_proxy_says_who_asks_and_whether_by_https(typed: Any, started: Any) -> None:
    """Its word makes the cookie one for https; nobody else's does."""
    typed("user", "add", "ann", "--role", "admin")
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7"}
    for proxies, is_https in (([], False), (["10.0.0.0/8"], False), (["10.0.0.0/8", "127.0.0.1"], True)):
        _, url = started(*(word for proxy in proxies for word in ("--trusted-proxy", proxy)))
        answer = asked(f"{url}login", **headers)
        assert ("secure" in answer.headers["set-cookie"].lower()) is is_https
        assert ("strict-transport-security" in answer.headers) is is_https


def test_a_port_that_is_taken_is_a_sentence(folder: Any) -> None:
    """With what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = folder.peel("serve", "--port", str(port))
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}: " in done.stderr
    assert "choose another with --port or --host" in done.stderr


def test_a_name_with_a_scheme_is_refused(folder: Any) -> None:
    """Before anything is opened."""
    done = folder.peel("serve", "--name", "https://peel.example.com")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--name 'https://peel.example.com' is not a host name" in done.stderr


def test_users_are_made_changed_and_removed(typed: Any, folder: Any) -> None:
    """The password is read from standard input and is nowhere in what is printed."""
    added = typed("user", "add", "ann", "--role", "editor")
    assert (added.returncode, added.stdout) == (0, "added the editor ann\n")
    assert folder.peel("user", "role", "ann", "admin").returncode == 0
    assert typed("user", "password", "ann", given="another few words\n").returncode == 0
    listed = folder.peel("user", "list")
    assert re.search(r"ann\W+admin", listed.stdout)
    for done in (added, listed):
        assert "words" not in done.stdout + done.stderr
        assert PASSWORD not in done.stdout + done.stderr
    assert folder.peel("user", "remove", "ann").returncode == 0
    assert "ann" not in folder.peel("user", "list").stdout


@pytest.mark.parametrize(
    ("arguments", "given", "message"),
    [
        (["add", "ann", "--role", "boss"], PASSWORD, "there is no role 'boss'"),
        (["add", "ann"], "", "no password came on standard input"),
        (["add", "ann"], "short\n", "the password has 5 characters; 12 to 200 are allowed"),
        (["add", " ann"], PASSWORD, "' ann' cannot be a user's name"),
        (["password", "bob"], PASSWORD, "there is no user 'bob'; `peel user list` names them"),
        (["role", "bob", "viewer"], "", "there is no user 'bob'"),
        (["remove", "bob"], "", "there is no user 'bob'"),
        (["token", "bob", "--scope", "viewer"], "", "there is no user 'bob'"),
        (["token", "bob", "--scope", "all"], "", "there is no scope 'all'"),
        (["revoke", "00000000"], "", "there is no token '00000000'"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(typed: Any, arguments: list[str], given: str, message: str) -> None:
    """And exit code 2."""
    done = typed("user", *arguments, given=given)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_container_makes_its_first_user_once(typed: Any, folder: Any) -> None:
    """Started again, it changes nothing and needs no password."""
    assert typed("user", "add", "ann", "--role", "admin", "--first").returncode == 0
    again = typed("user", "add", "eve", "--role", "admin", "--first", given="")
    assert (again.returncode, again.stdout) == (0, "")
    assert "there is a user already; nothing was changed" in again.stderr
    assert "eve" not in folder.peel("user", "list").stdout


def test_a_token_is_printed_alone_and_opens_the_server_until_it_is_revoked(
    typed: Any, folder: Any, started: Any
) -> None:
    """So that a script can take it: `TOKEN=$(peel user token ci --scope viewer)`."""
    typed("user", "add", "ci", "--role", "admin")
    made = folder.peel("user", "token", "ci", "--scope", "admin")
    token = made.stdout.strip()
    found = re.fullmatch(r"peel_([0-9a-f]{8})_[\w-]{43}", token)
    assert found is not None
    assert token not in made.stderr
    assert token not in folder.peel("user", "list").stdout
    _, url = started()
    assert asked(f"{url}admin", Authorization=f"Bearer {token}").status_code == 200
    assert folder.peel("user", "revoke", found[1]).returncode == 0
    assert asked(f"{url}admin", Authorization=f"Bearer {token}").status_code == 401


def test_the_store_of_all_commands_may_come_from_the_environment(typed: Any, folder: Any) -> None:
    """PEEL_STORE stands for --store; the flag wins."""
    place = {"PEEL_STORE": "sqlite:///team.db"}
    assert folder.peel("runs", **place).returncode == 0
    assert (folder.root / "team.db").exists()
    assert not (folder.root / ".peel").exists()
    assert folder.peel("runs", "--store", "sqlite:///mine.db", **place).returncode == 0
    assert (folder.root / "mine.db").exists()


def test_without_the_extra_the_command_says_what_to_install(folder: Any) -> None:
    """As in an installation for CI only."""
    program = (
        "import sys\n"
        "for name in ('fastapi', 'argon2'): sys.modules[name] = None\n"
        "from peel.cli import app\n"
        "app(json.loads(sys.argv[1]))"
    )
    for arguments, what in ((["serve"], "peel serve"), (["user", "list"], "peel user")):
        command = [sys.executable, "-c", f"import json\n{program}", json.dumps(arguments)]
        done = subprocess.run(command, cwd=folder.root, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{what} needs the extra 'server': pip install 'peel-testbed[server]'" in done.stderr
