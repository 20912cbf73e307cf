"""Builds the four manuals beside this folder: `python knowledge/manuals/source/build.py`.

The same sources, with the versions in requirements.txt, give the same bytes: dates are fixed in the sources,
and only the fonts of the two pinned packages are used, never those of the machine.
"""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

SOURCE = Path(__file__).resolve().parent
TEMPLATES = {"AR83": "telvanta.typ", "AR93": "telvanta.typ", "AR94": "telvanta.typ", "BD77": "belldane.typ"}
WEIGHTS = ("Regular", "It", "Semibold", "Bold")


def copy_fonts(to: Path) -> None:
    """Only the four in use: the package holds each twice, and which of the two is taken depends on the file system."""
    spec = find_spec("font_source_sans_pro")
    if spec is None or spec.origin is None:
        sys.exit(f"The fonts are missing: pip install -r {SOURCE / 'requirements.txt'}")
    for weight in WEIGHTS:
        shutil.copy(Path(spec.origin).parent / "files" / f"SourceSansPro-{weight}.ttf", to)


def build(model: str, *, folder: Path, fonts: Path) -> Path:
    pdf = folder / f"{model}.pdf"
    typst.compile(
        SOURCE / TEMPLATES[model],
        output=pdf,
        root=SOURCE,
        sys_inputs={"model": model},
        font_paths=[fonts],
        ignore_system_fonts=True,
    )
    return pdf


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE.parent
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as fonts:
        copy_fonts(Path(fonts))
        for model in TEMPLATES:
            print(build(model, folder=folder, fonts=Path(fonts)))


if __name__ == "__main__":
    main()
