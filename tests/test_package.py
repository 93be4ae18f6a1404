"""What is built and installed: contents, metadata, and what an import costs."""

from __future__ import annotations

import email.policy
import importlib
import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import NamedTuple

import pytest

import alpine

ROOT = Path(__file__).parent.parent
HEAVY = ("pandas", "matplotlib", "duckdb", "werkzeug", "cheroot", "numpy", "IPython")
OLD_MODULES = ("apiclient", "workfile", "workspace", "datasource", "user", "job", "exception")
BESIDE_THE_PACKAGE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "pyproject.toml")


class Built(NamedTuple):
    wheel: set[str]
    sdist: set[str]
    metadata: Message


def in_python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout


def files_below(folder: str) -> set[str]:
    """The files of the checkout that belong to the package."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=300,
    )
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        wheel_names = set(archive.namelist())
        [name] = [name for name in wheel_names if name.endswith(".dist-info/METADATA")]
        metadata = BytesParser(policy=email.policy.compat32).parsebytes(archive.read(name))
    with tarfile.open(sdist) as archive_:
        sdist_names = {member.name.partition("/")[2] for member in archive_.getmembers() if member.isfile()}
    return Built(wheel_names, sdist_names, metadata)


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    info = f"alpine-{alpine.__version__}.dist-info/"
    assert {name for name in built.wheel if not name.startswith(info)} == files_below("alpine")
    assert {"alpine/py.typed", "alpine/sandbox/examples/orders.csv"} <= built.wheel
    assert f"{info}licenses/LICENSE" in built.wheel


def test_the_sdist_holds_what_a_packager_needs_to_build_and_test(built: Built) -> None:
    tests = {name for name in files_below("tests") if name.endswith(".py")}
    examples = files_below("examples")
    assert files_below("alpine") | tests | examples | set(BESIDE_THE_PACKAGE) <= built.sdist
    assert "docs/conf.py" in built.sdist
    assert ".ci/run" in built.sdist


def test_the_sdist_holds_nothing_that_was_built_or_cached(built: Built) -> None:
    assert not [name for name in built.sdist if "_build/" in name or "/venv" in name or name.endswith(".pyc")]


def test_the_metadata_is_complete(built: Built) -> None:
    metadata = built.metadata
    assert metadata["Name"] == "alpine"
    assert metadata["Version"] == alpine.__version__
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["Summary"]
    assert str(metadata.get_payload()).startswith("# alpine")
    assert {"notebook", "sandbox", "test", "docs"} <= set(metadata.get_all("Provides-Extra") or [])


def test_a_plain_install_needs_requests_and_urllib3_only_and_on_windows_the_time_zones(built: Built) -> None:
    needed = [line for line in built.metadata.get_all("Requires-Dist") or [] if "extra ==" not in line]
    anywhere = [line for line in needed if ";" not in line]
    assert sorted(line.partition(">")[0].partition("<")[0].strip() for line in anywhere) == ["requests", "urllib3"]
    [on_windows] = [line for line in needed if ";" in line]
    assert on_windows.startswith("tzdata")
    assert on_windows.partition(";")[2].replace('"', "'").strip() == "sys_platform == 'win32'"


def test_each_python_that_is_promised_is_tried_on_every_system() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    promised = [found[1] for line in project["classifiers"] if (found := re.search(r"Python :: (3\.\d+)$", line))]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert re.findall(r'"(3\.\d+)"', workflow.partition("python: [")[2].partition("]")[0]) == promised
    assert {"windows-latest", "macos-latest", "ubuntu-latest"} <= set(re.findall(r"\w+-latest", workflow))
    assert "run: .ci/run" in workflow


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "alpine._version.__version__"}


def test_importing_loads_nothing_heavy_and_prints_nothing(tmp_path: Path) -> None:
    code = f"import sys, alpine; assert not [m for m in {HEAVY!r} if m in sys.modules], sys.modules.keys()"
    assert in_python(code, tmp_path) == ""


def test_the_sandbox_loads_nothing_heavy_before_it_starts(tmp_path: Path) -> None:
    code = f"import sys, alpine.sandbox; assert not [m for m in {HEAVY!r} if m in sys.modules], sys.modules.keys()"
    assert in_python(code, tmp_path) == ""


def test_the_public_names_are_sorted_true_and_importable() -> None:
    assert alpine.__all__ == sorted(set(alpine.__all__))
    assert all(hasattr(alpine, name) for name in alpine.__all__)


@pytest.mark.parametrize("name", OLD_MODULES)
def test_the_module_names_of_old_scripts_import(name: str) -> None:
    if importlib.util.find_spec(f"alpine.{name}") is None:
        pytest.skip(f"alpine.{name} is not there yet")
    module = importlib.import_module(f"alpine.{name}")
    old_name = {"apiclient": "APIClient", "datasource": "DataSource", "exception": "AlpineException"}
    assert hasattr(module, old_name.get(name, name.capitalize()))


def test_the_page_on_compatibility_names_the_versions_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    page = (ROOT / "docs" / "compatibility.md").read_text("utf-8")
    assert f"| Python | `{project['requires-python']}`" in page
    for needed in project["dependencies"]:
        needed, _, marker = needed.partition("; ")
        name = re.match(r"\w+", needed)[0]  # type: ignore[index]
        assert marker in ("", "sys_platform == 'win32'")
        where = ", on Windows only" if marker else ""
        assert f"| {name}{where} | `{needed.removeprefix(name)}` |" in page
