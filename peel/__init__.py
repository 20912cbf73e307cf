"""PEEL: a test bed for applications built on language models. `peel.workspace` is the way in for Python code."""

__all__ = ["__version__"]


def __getattr__(name: str) -> str:
    if name == "__version__":
        # Asked for rarely; reading a package's metadata takes longer than importing PEEL.
        from importlib.metadata import version

        return version("peel-testbed")
    raise AttributeError(f"module 'peel' has no attribute {name!r}")
