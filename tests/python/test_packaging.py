# SPDX-License-Identifier: Apache-2.0
"""What is delivered: the drop-in file, the wheel, the types."""

import json
import os
import platform
import re
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import DROPIN, ROOT, VERSION

SHIPPED = ("VERSION", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")
FOLDERS = ("libswarm", "pymodule", "salt_states", "pillar_example")
IGNORE = shutil.ignore_patterns("*.so", "__pycache__")


def run(*command, **options):
    """Run a command and return its output; a failure shows its words."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the tree, so that builds leave nothing in ours."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in SHIPPED:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=IGNORE)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    """The wheel, built by way of the sdist, with the system's libraries."""
    out = tmp_path_factory.mktemp("dist")
    environment = {k: v for k, v in os.environ.items() if k != "SWARM_STATIC"}
    run(sys.executable, "-m", "build", "--no-isolation", "-o", out, checkout, env=environment)
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A bare Python to install into; returns a function that runs code there."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)

    def execute(code):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        return run(folder / "bin/python", "-c", code, env=environment, cwd="/")

    execute.folder = folder
    execute.site = next(folder.glob("lib/python*/site-packages"))
    return execute


def test_drop_in_needs_libc_alone():
    """Read from the file itself: a Python without curl and jansson can load it."""
    highest = ["2.34"] if "bookworm" in Path("/etc/os-release").read_text() else []
    words = run(ROOT / "pymodule/check-needs", DROPIN, *highest)
    assert re.fullmatch(r"needs libc\.so\.6(, ld-linux[\w.-]+)?; glibc \d\.\d+ or later\n", words)


def test_check_needs_finds_what_is_wrong(wheel, tmp_path):
    """The wheel's extension needs the system's libraries: the check says so."""
    with zipfile.ZipFile(wheel) as archive:
        linked = archive.extract("saltext/swarm/_swarm.abi3.so", tmp_path)
    check = [str(ROOT / "pymodule/check-needs")]
    done = subprocess.run([*check, linked], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "needs libcurl" in done.stderr and "needs libjansson" in done.stderr
    done = subprocess.run([*check, str(DROPIN), "2.2"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "the highest allowed is 2.2" in done.stderr
    done = subprocess.run([*check, sys.executable], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "not PyInit__swarm alone" in done.stderr
    assert subprocess.run([*check, __file__], capture_output=True, timeout=60).returncode == 1


def test_drop_in_has_no_path_of_the_build():
    assert str(ROOT).encode() not in DROPIN.read_bytes()


def test_own_sources_are_hardened_as_those_of_libcurl():
    """It reads what a peer sends, in a process of root: the canary, and libc's checked functions."""
    objects = [*DROPIN.parent.glob(".work-*/temp/libswarm/base/error.o")]
    assert objects
    for compiled in objects:
        assert {"__stack_chk_fail", "__vsnprintf_chk"} <= set(
            run("nm", "--undefined-only", compiled).split()
        )


def test_drop_in_uses_the_stable_abi_of_3_10():
    """It was compiled with Py_LIMITED_API: no private name but those that the ABI has."""
    symbols = run("nm", "-D", "--undefined-only", DROPIN)
    wanted = set(re.findall(r" U (_?Py\w+)", symbols))
    private = {"_Py_NoneStruct", "_Py_TrueStruct", "_Py_FalseStruct", "_Py_Dealloc"}
    private |= {
        "_PyArg_ParseTupleAndKeywords_SizeT",
        "_Py_BuildValue_SizeT",
        "_PyObject_CallFunction_SizeT",
    }
    assert "PyModuleDef_Init" in wanted
    assert {name for name in wanted if name.startswith("_Py")} <= private


def test_wheel_contents(wheel):
    assert wheel.name == f"saltext_swarm-{VERSION}-cp310-abi3-linux_{platform.machine()}.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"saltext_swarm-{VERSION}.dist-info/METADATA").decode()
    inside = {name for name in names if ".dist-info/" not in name}
    wanted = {
        "saltext/swarm/__init__.py",
        "saltext/swarm/_swarm.abi3.so",
        "saltext/swarm/_swarm.pyi",
        "saltext/swarm/fileroot.py",
        "saltext/swarm/py.typed",
    }
    for folder, package in (
        ("salt_states/_modules", "modules"),
        ("salt_states/_states", "states"),
        ("salt_states/_output", "output"),
        ("salt_states/_grains", "grains"),
        ("salt_states/_runners", "runners"),
        ("pillar_example", "_pillar_example"),
    ):
        for path in (ROOT / folder).iterdir():
            if path.suffix in (".py", ".sls"):
                wanted.add(f"saltext/swarm/{package}/{path.name}")
    wanted.add("saltext/swarm/_fileroot/top.sls")
    for path in (ROOT / "salt_states/docker").rglob("*"):
        if path.is_file():
            wanted.add(f"saltext/swarm/_fileroot/{path.relative_to(ROOT / 'salt_states')}")
    assert inside == wanted
    assert "Requires-Python: >=3.10" in metadata and "License: Apache-2.0" in metadata


USE = """
import importlib.metadata, json
from pathlib import Path
import saltext.swarm, saltext.swarm._swarm as core
(point,) = importlib.metadata.entry_points(group="salt.loader")
dirs = point.load()()
print(json.dumps({
    "dirs": dirs,
    "files": {kind: sorted(p.name for f in folders for p in Path(f).glob("*.py")) for kind, folders in dirs.items()},
    "version": [saltext.swarm.__version__, core.VERSION, importlib.metadata.version("saltext-swarm")],
    "function": type(point.load()).__name__,
    "names": [core.__name__, core.Client.__module__, core.Timeout.__module__],
}))
"""


def check_install(python):
    """What must hold of each kind of install."""
    found = json.loads(python(USE))
    assert set(found["dirs"]) == {"modules", "states", "output", "grains", "runners"}
    assert "swarm.py" in found["files"]["modules"] and "swarm.py" in found["files"]["states"]
    assert found["files"]["output"]
    assert found["version"] == [VERSION] * 3
    # Salt's loader takes types.FunctionType and nothing else.
    assert found["function"] == "function"
    assert found["names"] == ["saltext.swarm._swarm"] * 3


def test_wheel_installs(wheel, checkout, python):
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        python.site,
        wheel,
    )
    check_install(python)
    dest = python.folder / "root"
    python(
        "import sys; from saltext.swarm.fileroot import main;"
        f"sys.exit(main(['write', '--extension', {str(DROPIN)!r}, {str(dest)!r}]))"
    )
    compare = python.folder / "compare"
    run(sys.executable, checkout / "pymodule/fileroot.py", "write", "--extension", DROPIN, compare)
    run("diff", "-r", dest, compare)
    shutil.rmtree(python.site / "saltext")


def test_editable_install(checkout, tmp_path):
    """``pip install -e``: the package is the checkout's folder, the Salt modules lie beside it."""
    venv.create(tmp_path / "venv", with_pip=False)
    interpreter = tmp_path / "venv/bin/python"
    # The build backend of this test's environment serves for the other one.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(site.getsitepackages())}
    install = ("install", "-q", "--no-deps", "--no-index", "--no-build-isolation", "-e", checkout)
    run(interpreter, "-m", "pip", *install, env=environment)

    def python(code):
        return run(interpreter, "-c", code, cwd="/")

    check_install(python)
    assert json.loads(python(USE))["dirs"]["modules"] == [str(checkout / "salt_states/_modules")]


def test_build_says_what_is_missing(checkout, tmp_path):
    command = [sys.executable, "setup.py", "--version"]
    environment = {**os.environ, "SWARM_STATIC": str(tmp_path)}
    done = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0 and "run pymodule/static-deps" in done.stderr
    environment = {**os.environ, "PKG_CONFIG_LIBDIR": str(tmp_path), "PKG_CONFIG_PATH": ""}
    environment.pop("SWARM_STATIC", None)
    done = subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (
        done.returncode != 0
        and "apt-get install libcurl4-openssl-dev libjansson-dev" in done.stderr
    )


def test_static_deps_is_quick_the_second_time():
    """With its result there it needs no network, no compiler and no apt."""
    tools = {"PATH": os.environ["PATH"]}
    prefix = run(
        ROOT / "pymodule/static-deps", env={**tools, "http_proxy": "http://127.0.0.1:1"}
    ).strip()
    assert {p.name for p in Path(prefix, "lib").iterdir()} == {"libcurl.a", "libjansson.a"}
    versions = Path(prefix, "versions").read_text().split()
    assert versions[0::2] == ["curl", "jansson"] and len(versions) == 4


def stubtest(folder):
    """Compare module and stub in a folder; the exit status says whether they agree."""
    # Disjoint bases (PEP 800) are newer than the type checkers of the Pythons we serve.
    command = [sys.executable, "-m", "mypy.stubtest", "--ignore-disjoint-bases", "_swarm"]
    environment = {**os.environ, "PYTHONPATH": str(folder), "MYPYPATH": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


def test_stub_is_the_module(tmp_path):
    shutil.copy(DROPIN, tmp_path / "_swarm.abi3.so")
    stub = (ROOT / "pymodule/_swarm.pyi").read_text()
    (tmp_path / "_swarm.pyi").write_text(stub)
    done = stubtest(tmp_path)
    assert done.returncode == 0, done.stdout
    (tmp_path / "_swarm.pyi").write_text(stub + "\ndef no_such() -> None: ...\n")
    assert stubtest(tmp_path).returncode == 1
