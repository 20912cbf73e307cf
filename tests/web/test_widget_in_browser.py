"""The widget in a real browser, on pages of another origin: by mouse and by keys, with PEEL up and down, and what it
must never do to the page that holds it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from peel.records.feedback import Interaction, StoredRating
from peel.web.security.addresses import Address
from peel.web.serving import settings
from peel.workspace import Workspace

EXAMPLES = Path(__file__).parents[2] / "docs/examples"

PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Host</title>
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'none'; script-src {peel};
connect-src {peel}; require-trusted-types-for 'script'"><script src="{peel}/widget.js" {extra}></script></head>
<body><main><h1>Host</h1>{body}</main></body></html>"""

TOLD = """() => { window.name = ""; document.addEventListener("peel-rated", (event) => {
    const d = event.detail; window.name += `${d.kind} ${d.value} ${d.state};`; }) }"""


class Pages:
    """A server of pages that are not PEEL's, and the workspace that PEEL serves beside it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.written: dict[str, str] = {}
        pages = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                text = pages.written.get(self.path)
                body = (EXAMPLES / self.path.strip("/")).read_bytes() if text is None else text.encode()
                self.send_response(200)
                self.send_header("content-type", "text/css" if self.path.endswith(".css") else "text/html")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_port}"
        self.other = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.peel = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextlib.contextmanager
    def peel_is_up(self) -> Iterator[None]:
        """PEEL answers at its address meanwhile."""
        with socket.create_server(("127.0.0.1", self.port)) as listening:
            serving = uvicorn.Server(settings(self.workspace, Address("127.0.0.1", self.port)))
            thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            yield
            serving.should_exit = True
            thread.join(20)

    def write(self, body: str, *, lang: str = "en", extra: str = "async") -> str:
        """A page with this in it; its address."""
        self.written["/page"] = PAGE.format(peel=self.peel, body=body, lang=lang, extra=extra)
        return f"{self.origin}/page"

    def stored(self, interaction: str) -> list[tuple[str, Any, str]]:
        """What was said of an interaction, oldest first."""
        found = self.workspace.feedback.reader.interaction(interaction)
        return [] if found is None else [said(one) for one in found.ratings]


def said(one: StoredRating) -> tuple[str, Any, str]:
    return one.rating.kind, one.rating.original, one.rating.comment


@pytest.fixture
def pages(root: Path) -> Iterator[Pages]:
    """Pages that may send ratings by one of their two names; the store knows the interactions that they are about."""
    path, made = root / "peel.yaml", Pages(Workspace(root))
    path.write_text(path.read_text() + f'feedback: {{origins: ["{made.origin}"]}}\n')
    with Workspace(root) as workspace:
        made.workspace = workspace
        names = [f"example-{number}" for number in range(1, 9)]
        workspace.feedback.add([Interaction(id=name, input="How?", scenario="support") for name in names])
        yield made
        made.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page and keeps what must not happen there in `page.faults`."""
    contexts: list[Any] = []

    def opened(url: str, **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(15_000)
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("console", lambda told: page.faults.append(told.text) if "Refused" in told.text else None)
        page.goto(url)
        page.wait_for_selector("peel-rating", state="attached")
        page.evaluate(TOLD)
        return page

    yield opened
    for context in contexts:
        context.close()


def wait_for(page: Any, what: str) -> None:
    """Wait until the page was told of so much."""
    page.wait_for_function("what => window.name.includes(what)", arg=what)


def message(page: Any) -> str:
    found: str = page.locator("peel-rating [part=message]").first.inner_text()
    return found


def test_every_kind_is_given_by_mouse(pages: Pages, visit: Any) -> None:
    """From the example page, themed and plain, with a comment; axe finds nothing, light and dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    for name in ("widget.html", "widget.css"):
        pages.written[f"/{name}"] = (EXAMPLES / name).read_text().replace("http://127.0.0.1:8000", pages.peel)
    with pages.peel_is_up():
        for scheme in ("dark", "light"):
            page = visit(f"{pages.origin}/widget.html", color_scheme=scheme)
            page.locator("peel-rating svg").first.wait_for()
            page.locator("[interaction=example-4]").get_by_title("Thumbs down").click()
            found = [one["id"] for one in axe.run(page).response["violations"]]
            assert found == [], scheme
        wait_for(page, "thumbs down sent")
        page.locator("[interaction=example-4]").get_by_label("What could be better?").fill("The <b>lamp</b>.")
        page.locator("[interaction=example-4]").get_by_role("button", name="Send comment").click()
        page.locator("[interaction=example-1]").get_by_title("4 of 5 stars").click()
        page.locator("[interaction=example-7]").get_by_title("Very much").click()
        slider = page.locator("[interaction=example-2]").get_by_role("slider", name="How helpful was this answer?")
        slider.click(position={"x": 5, "y": 10})
        for part in ("stars 4 sent", "smiley happy sent", "slider 0"):
            wait_for(page, part)
        assert message(page) == "Thank you for your rating."
        assert page.faults == []
        page.close()
    assert pages.stored("example-1") == [("stars", 4, "")]
    assert pages.stored("example-4")[-2:] == [
        ("thumbs", "down", ""),
        ("thumbs", "down", "The <b>lamp</b>."),
    ]
    assert pages.stored("example-7") == [("smiley", "happy", "")]
    assert pages.stored("example-2")[0][1] < 0.2


def test_every_kind_is_given_by_keys(pages: Pages, visit: Any) -> None:
    """As a group of radio buttons and a slider: Tab reaches each, arrows choose, what is passed by is not sent."""
    kinds = ("stars", "smiley", "thumbs", "slider")
    url = pages.write(
        "".join(f'<peel-rating interaction="example-{n}" kind="{k}"></peel-rating>' for n, k in enumerate(kinds, 1))
    )
    with pages.peel_is_up():
        page = visit(url)
        page.locator("peel-rating svg").first.wait_for()
        for keys in (("Space", "ArrowRight", "ArrowRight"), ("Space", "ArrowLeft"), ("Space",), ("End",)):
            page.keyboard.press("Tab")
            for key in keys:
                page.keyboard.press(key)
        outline = page.evaluate("getComputedStyle(document.activeElement.shadowRoot.activeElement).outlineStyle")
        assert outline == "solid"
        for part in ("stars 3 sent", "smiley happy sent", "thumbs up sent", "slider 1 sent"):
            wait_for(page, part)
        assert page.get_by_role("group", name="How was this answer?").count() == 3
        assert page.get_by_role("radio", name="3 of 5 stars").is_checked()
        assert page.get_by_role("slider").get_attribute("aria-valuetext") == "100 %"
        page.get_by_role("radio", name="1 of 5 stars").check(force=True)
        wait_for(page, "stars 1 sent")
        assert page.faults == []
    assert pages.stored("example-1") == [("stars", 3, ""), ("stars", 1, "")]
    assert pages.stored("example-2") == [("smiley", "happy", "")]


def test_attributes_that_change_after_a_click_change_nothing_of_it(pages: Pages, visit: Any) -> None:
    """A page that is drawn anew in another language, for the next answer or of another kind at once: what was given is
    sent as it was meant, once, and shown as long as it is about the same."""
    url = pages.write('<peel-rating interaction="example-1"></peel-rating>')
    click_and_change = """([place, changes]) => {
        const rating = document.querySelector("peel-rating");
        rating.shadowRoot.querySelectorAll("input")[place].click();
        for (const [name, value] of Object.entries(changes)) rating.setAttribute(name, value);
    }"""
    with pages.peel_is_up():
        page = visit(url)
        page.locator("peel-rating svg").first.wait_for()
        page.evaluate(click_and_change, [3, {"label": "Und jetzt?", "lang": "de", "labels": "schlecht"}])
        wait_for(page, "stars 4 sent")
        assert page.get_by_role("group", name="Und jetzt?").get_by_role("radio", name="4 von 5").is_checked()
        page.evaluate(click_and_change, [1, {"label": "Again?", "interaction": "example-2"}])
        wait_for(page, "stars 2 sent")
        assert page.locator("peel-rating input:checked").count() == 0
        page.evaluate(click_and_change, [2, {"kind": "smiley", "interaction": "example-3"}])
        wait_for(page, "stars 3 sent")
        page.evaluate(click_and_change, [0, {"kind": "slider"}])
        wait_for(page, "smiley sad sent")
        assert page.get_by_role("slider").get_attribute("aria-valuetext") == "schlecht"
        assert page.faults == []
    assert pages.stored("example-1") == [("stars", 4, ""), ("stars", 2, "")]
    assert pages.stored("example-2") == [("stars", 3, "")]
    assert pages.stored("example-3") == [("smiley", "sad", "")]


def test_what_cannot_be_sent_is_kept_and_sent_once_when_peel_is_back(pages: Pages, visit: Any) -> None:
    """On the next page and when the network is back; the page itself sees nothing of it."""
    url = pages.write('<peel-rating interaction="example-1"></peel-rating>')
    with pages.peel_is_up():
        page = visit(url)
        page.locator("peel-rating svg").first.wait_for()
    page.get_by_title("2 of 5 stars").click()
    wait_for(page, "stars 2 waiting")
    assert "will be sent later" in message(page)
    page.get_by_title("5 of 5 stars").click()
    wait_for(page, "stars 5 waiting")
    assert pages.stored("example-1") == []
    with pages.peel_is_up():
        page.evaluate("window.dispatchEvent(new Event('online'))")
        wait_for(page, "stars 5 sent")
    page.get_by_title("1 of 5 stars").click()
    wait_for(page, "stars 1 waiting")
    with pages.peel_is_up():
        page.reload()
        page.wait_for_function("() => Object.keys(localStorage).length === 0")
    assert pages.stored("example-1") == [("stars", 2, ""), ("stars", 5, ""), ("stars", 1, "")]
    assert page.faults == []


def test_a_page_without_storage_keeps_ratings_while_it_is_open(pages: Pages, visit: Any) -> None:
    """Where storing is forbidden, the memory does."""
    url = pages.write('<peel-rating interaction="example-1"></peel-rating>')
    with pages.peel_is_up():
        page = visit(url)
        page.locator("peel-rating svg").first.wait_for()
    page.evaluate(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})"
    )
    page.get_by_title("2 of 5 stars").click()
    wait_for(page, "stars 2 waiting")
    with pages.peel_is_up():
        page.evaluate("window.dispatchEvent(new Event('online'))")
        wait_for(page, "stars 2 sent")
    assert pages.stored("example-1") == [("stars", 2, "")]
    assert page.faults == []


def test_a_page_of_another_origin_is_not_let_in(pages: Pages, visit: Any) -> None:
    """The same page by its other name: the browser sends nothing, and the store stays as it was."""
    pages.write('<peel-rating interaction="example-1"></peel-rating>')
    with pages.peel_is_up():
        page = visit(f"{pages.other}/page")
        page.get_by_title("2 of 5 stars").click()
        wait_for(page, "stars 2 waiting")
        assert page.faults == []
    assert pages.stored("example-1") == []


def test_the_page_is_as_it_was(pages: Pages, visit: Any) -> None:
    """No global is added, nothing outside of the element is touched, and what is wrong is no error of the page's."""
    body = '<peel-rating></peel-rating><peel-rating interaction="example-1" kind="nonsense" value="9"></peel-rating>'
    url = pages.write(body, lang="de")
    bare = pages.written["/page"]
    pages.written["/bare"] = bare.replace("widget.js", "health")
    with pages.peel_is_up():
        page = visit(url)
        page.locator("peel-rating svg").first.wait_for()
        keys = "Object.getOwnPropertyNames(window).sort().join()"
        with_it = page.evaluate(keys)
        other = visit(f"{pages.origin}/bare")
        assert with_it == other.evaluate(keys)
        assert page.evaluate("document.styleSheets.length + document.adoptedStyleSheets.length") == 0
        assert page.evaluate("document.cookie") == ""
        assert page.get_by_text("Wie war diese Antwort?").count() == 2
        page.get_by_title("3 von 5 Sternen").first.click()
        page.evaluate("document.querySelector('peel-rating').remove()")
        page.evaluate("document.body.append(document.createElement('peel-rating'))")
        assert page.faults == []


def test_the_script_may_be_pinned_and_is_small(pages: Pages, visit: Any) -> None:
    """A page that names its hash loads it; one that names another does not, and goes on."""
    with pages.peel_is_up():
        answer = httpx.get(f"{pages.peel}/widget.js", trust_env=False)
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert int(answer.headers["content-length"]) < 7_000
        again = httpx.get(f"{pages.peel}/widget.js", headers={"if-none-match": answer.headers["etag"]}, trust_env=False)
        assert again.status_code == 304
        digest = base64.b64encode(hashlib.sha384(answer.content).digest()).decode()
        pinned = f'integrity="sha384-{digest}" crossorigin="anonymous"'
        page = visit(pages.write('<peel-rating interaction="a"></peel-rating>', extra=pinned))
        page.locator("peel-rating svg").first.wait_for()
        page = visit(
            pages.write('<peel-rating interaction="a"></peel-rating>', extra=pinned.replace(digest[:4], "AAAA"))
        )
        assert page.locator("peel-rating svg").count() == 0
