"""What every HTML page of PEEL is made with: assets, a template filled once, a policy that allows no request."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files


def asset(name: str) -> str:
    """The text of a file that ships with the reports."""
    return files("peel.reports").joinpath("html_assets", name).read_text(encoding="utf-8")


def filled(template: str, sections: Mapping[str, str]) -> str:
    """The template with each `{{name}}` replaced once: what a section holds is never looked at again."""
    pieces = template.split("{{")
    parts = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        parts += [sections[name], rest]
    return "".join(parts)


def plain_page(title: str, facts: str, *, sections: str, style: str) -> str:
    """A page of HTML without scripts: its title, a line of facts under it, its sections; `style` is its style sheet."""
    frame = {"policy": policy(style=style), "style": style, "title": title, "facts": facts, "sections": sections}
    return filled(asset("plain_page.html"), frame)


def section(name: str, heading: str, content: str) -> str:
    """A section of HTML below its heading, which names it."""
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{heading}</h2>{content}</section>'


def script(*names: str) -> str:
    """One script of several files, in their order: what they declare is seen by all of them and by nobody else."""
    return '"use strict";\n(() => {\n' + "".join(asset(f"{name}.js") for name in names) + "})();\n"


def policy(*, style: str, scripts: Sequence[str] = ()) -> str:
    """A content security policy that allows this style sheet and these scripts by their hashes, and nothing else."""
    allowed = f"script-src {' '.join(map(_quoted, scripts))}; " if scripts else ""
    return (
        f"default-src 'none'; {allowed}style-src {_quoted(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _quoted(content: str) -> str:
    return f"'{_hash(content)}'"


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
