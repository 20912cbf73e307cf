"""What importing the package costs, and what it exports."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import peel.statistics


def test_all_lists_every_module_and_each_module_its_public_names() -> None:
    """`__all__` is what can be imported."""
    modules = {module.name for module in pkgutil.iter_modules(peel.statistics.__path__)}
    assert set(peel.statistics.__all__) == modules
    for name in modules:
        module = importlib.import_module(f"peel.statistics.{name}")
        assert module.__doc__
        for public in module.__all__:
            found = getattr(module, public)
            assert found.__doc__ or not inspect.isroutine(found), f"{name}.{public} says nothing about itself"


def test_neither_scipy_stats_nor_optimize_is_loaded() -> None:
    """They cost hundreds of milliseconds; and the package itself loads not even numpy."""
    code = (
        "import sys, importlib, peel.statistics as s\n"
        "assert 'numpy' not in sys.modules\n"
        "for name in s.__all__: importlib.import_module(f'peel.statistics.{name}')\n"
        "assert not {'scipy.stats', 'scipy.optimize', 'pandas', 'pydantic'} & set(sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
