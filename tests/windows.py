"""Runs a program with what Windows' Python has: the names and modules that only Unix has are taken away from it.

What Windows lacks is read from the type stubs that come with mypy. The standard library, which needs those names to do
its work on this machine, keeps them; this package and the program do not see them::

    python -P -X warn_default_encoding windows.py PROGRAM.py ARGUMENTS
    python -P -X warn_default_encoding windows.py -m MODULE ARGUMENTS
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.util
import runpy
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

OURS = ("__main__", "alpine")
USED_BY_US = ("os", "signal", "socket", "select", "time", "shutil", "subprocess", "threading", "tempfile", "stat")
NEEDED_HERE = ("asyncio", "concurrent.futures", "getpass", "multiprocessing.util", "tarfile", "uuid", *USED_BY_US)
"""What loads Unix's modules on this machine, and so has to be loaded before they are taken away."""


def stubs() -> Path:
    found = importlib.util.find_spec("mypy")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "typeshed" / "stdlib"


def names(stub: Path, platform: str) -> set[str]:
    """The names that a module has on a platform."""
    system = {"sys": types.SimpleNamespace(platform=platform, version_info=sys.version_info)}

    def found(statements: list[ast.stmt]) -> Iterator[str]:
        for statement in statements:
            match statement:
                case ast.If(test=test, body=body, orelse=orelse):
                    yield from found(body if eval(ast.unparse(test), dict(system)) else orelse)
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    yield name
                case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                    yield name
                case ast.ImportFrom(names=imported) | ast.Import(names=imported):
                    yield from (alias.asname or alias.name for alias in imported)

    return set(found(ast.parse(stub.read_text("utf-8")).body))


def unix_only_names(module: str) -> set[str]:
    path = stubs() / module
    stub = path / "__init__.pyi" if path.is_dir() else path.with_suffix(".pyi")
    return names(stub, "linux") - names(stub, "win32")


def unix_only_modules() -> set[str]:
    """The modules of the standard library in which nothing is left on Windows."""

    def own(stub: Path, platform: str) -> set[str]:
        imports = [part for part in ast.parse(stub.read_text("utf-8")).body if hasattr(part, "names")]
        brought = {alias.asname or alias.name for part in imports for alias in part.names}
        return {name for name in names(stub, platform) - brought if not name.startswith("_")}

    candidates = [stub for stub in stubs().glob("[!_]*.pyi") if "sys.platform != " in stub.read_text("utf-8")]
    return {stub.stem for stub in candidates if own(stub, "linux") and not own(stub, "win32")}


def as_on_windows(module: str) -> types.ModuleType:
    real = importlib.import_module(module)
    lacking = unix_only_names(module)
    lean = types.ModuleType(module)
    vars(lean).update({name: value for name, value in vars(real).items() if name not in lacking})
    if module == "os":
        none: set[Any] = set()
        vars(lean).update(supports_dir_fd=none, supports_fd=none, supports_effective_ids=none)
    return lean


def take_away() -> None:
    for name in NEEDED_HERE:
        importlib.import_module(name)
    lean = {module: as_on_windows(module) for module in USED_BY_US}
    sys.modules.update(dict.fromkeys(unix_only_modules()))
    load = builtins.__import__

    def load_for_whom_it_is(name: str, globals: Any = None, *args: Any, **options: Any) -> types.ModuleType:
        module = load(name, globals, *args, **options)
        who = (globals or {}).get("__name__") or ""
        return lean.get(module.__name__, module) if who.partition(".")[0] in OURS else module

    builtins.__import__ = load_for_whom_it_is
    # A file that is opened without an encoding has another one on Windows.
    warnings.filterwarnings("error", category=EncodingWarning, module=r"(__main__|alpine)\b")


if __name__ == "__main__":
    take_away()
    if sys.argv[1] == "-m":
        sys.argv = sys.argv[2:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = sys.argv[1:]
        runpy.run_path(sys.argv[0], run_name="__main__")
