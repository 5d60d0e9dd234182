# SPDX-License-Identifier: Apache-2.0
"""The file root: written whole, taken back whole, and never over what somebody else wrote."""

import hashlib
import importlib.util
import json
import os
import stat
import subprocess
import sys

import pytest
from conftest import DROPIN, ROOT, VERSION

SCRIPT = ROOT / "pymodule/fileroot.py"
SPEC = importlib.util.spec_from_file_location("fileroot", SCRIPT)
FILEROOT = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(FILEROOT)
Refused = FILEROOT.Refused
MANIFEST = ".libswarm-manifest.json"
SYNCED = ("_grains", "_modules", "_output", "_states")


def snapshot(dest):
    """Return {path: content} of all below a folder."""
    return {p.relative_to(dest).as_posix(): p.read_bytes() for p in dest.rglob("*") if p.is_file()}


def write(dest, *extensions):
    """Write with the built extension."""
    return FILEROOT.write(dest, extensions or [DROPIN])


def edit_manifest(dest, change):
    """Change the manifest's table of files."""
    path = dest / MANIFEST
    data = json.loads(path.read_text())
    change(data["files"])
    path.write_text(json.dumps(data))


@pytest.fixture
def dest(tmp_path):
    """A folder that does not exist yet."""
    return tmp_path / "srv/salt"


def refuse(function, *args):
    """Return the lines of a refusal, after which nothing has changed."""
    before = snapshot(args[0])
    with pytest.raises(Refused) as caught:
        function(*args)
    assert snapshot(args[0]) == before
    return caught.value.args


def delivered(core):
    """The name of a core in the file root: its own, and a digest of what is in it."""
    return core.name.replace(".abi3", f"-{hashlib.sha256(core.read_bytes()).hexdigest()[:12]}.abi3")


def test_write_gives_the_whole_tree(dest):
    write(dest)
    tree = {
        p.relative_to(ROOT / "salt_states").as_posix()
        for p in (ROOT / "salt_states").rglob("*")
        if p.is_file() and p.suffix != ".pyc"
    }
    core = delivered(DROPIN)
    assert set(snapshot(dest)) == tree | {f"_modules/{core}", "docker/DIGESTS", MANIFEST}
    assert {"top.sls", "_modules/swarm.py", "_states/swarm.py"} <= tree
    assert (dest / "_modules" / core).read_bytes() == DROPIN.read_bytes()
    version = dest / "docker/VERSION"
    assert version.read_text().strip() == VERSION and not version.is_symlink()


def test_digests_of_all_that_a_minion_syncs(dest):
    write(dest)
    lines = (dest / "docker/DIGESTS").read_text().splitlines()
    found = {f"_{line[66:]}": line[:64] for line in lines}
    synced = [p for kind in SYNCED for p in (dest / kind).rglob("*") if p.is_file()]
    assert found == {
        p.relative_to(dest).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in synced
    }


def test_another_build_of_a_version_has_another_name(dest, tmp_path):
    """So a sync writes a new file, and none that a process has mapped."""
    write(dest)
    rebuilt = tmp_path / DROPIN.name
    rebuilt.write_bytes(DROPIN.read_bytes() + b"rebuilt")
    write(dest, rebuilt)
    assert [path.name for path in dest.glob("_modules/*.so")] == [delivered(rebuilt)]
    assert delivered(rebuilt) != delivered(DROPIN)


def test_modes(dest):
    old = os.umask(0o077)
    try:
        write(dest)
    finally:
        os.umask(old)
    for path in (dest, *dest.rglob("*")):
        wanted = 0o755 if path.is_dir() else 0o644
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_write_again_changes_nothing(dest):
    write(dest)
    inodes = {p: p.stat().st_ino for p in dest.rglob("*") if p.is_file() and p.name != MANIFEST}
    write(dest)
    assert {p: p.stat().st_ino for p in inodes} == inodes


def test_an_update_replaces_by_rename(dest):
    """Whoever has the old file open or mapped keeps it."""
    write(dest)
    path = dest / "_modules/swarm.py"
    path.write_text("old release")
    edit_manifest(
        dest, lambda files: files.update({"_modules/swarm.py": [FILEROOT.digest(b"old release")]})
    )
    with path.open() as opened:
        write(dest)
        assert opened.read() == "old release"
    assert path.read_bytes() == (ROOT / "salt_states/_modules/swarm.py").read_bytes()


def test_an_update_removes_what_is_gone(dest):
    write(dest)
    for name in (
        "_modules/_swarm-0.0.9-x86_64.abi3.so",
        "docker/old/gone.sls",
        "docker/missing.sls",
    ):
        (dest / name).parent.mkdir(exist_ok=True)
        if "missing" not in name:
            (dest / name).write_text("old")
        edit_manifest(
            dest, lambda files, name=name: files.update({name: [FILEROOT.digest(b"old")]})
        )
    write(dest)
    assert not (dest / "docker/old").exists()
    assert [p.name for p in (dest / "_modules").glob("*.so")] == [delivered(DROPIN)]
    assert FILEROOT.check(dest)


def test_all_conflicts_are_listed_and_nothing_is_written(dest):
    (dest / "docker").mkdir(parents=True)
    (dest / "docker/engine.sls").write_text("foreign")
    (dest / "_modules").mkdir()
    (dest / "_modules/swarm.py").symlink_to("/etc/hostname")
    (dest / "_states").write_text("a file")
    lines = refuse(FILEROOT.write, dest, [DROPIN])
    assert [line.split(":")[0] for line in lines if not line.startswith("_states")] == [
        "_modules/swarm.py",
        "docker/engine.sls",
    ]
    assert [line for line in lines if line.startswith("_states")] == [
        "_states: a symlink, folder or file is in the way: move it away"
    ]
    assert not (dest / MANIFEST).exists()


def test_an_edited_file_is_kept(dest):
    write(dest)
    (dest / "docker/engine.sls").write_text("edited")
    for function in (FILEROOT.write, FILEROOT.remove, FILEROOT.check):
        args = (dest, [DROPIN]) if function is FILEROOT.write else (dest,)
        (line,) = refuse(function, *args)
        assert line.startswith("docker/engine.sls: changed after it was written")


def test_an_edited_file_that_is_gone_from_the_new_version_is_kept(dest):
    write(dest)
    (dest / "old.sls").write_text("edited")
    edit_manifest(dest, lambda files: files.update({"old.sls": ["0" * 64]}))
    assert refuse(FILEROOT.write, dest, [DROPIN])[0].startswith("old.sls: changed")


def test_a_foreign_file_with_our_content_stays_foreign(dest):
    (dest / "docker").mkdir(parents=True)
    same = (ROOT / "salt_states/docker/engine.sls").read_bytes()
    (dest / "docker/engine.sls").write_bytes(same)
    write(dest)
    FILEROOT.remove(dest)
    assert snapshot(dest) == {"docker/engine.sls": same}


def test_top_sls_of_others_stays(dest):
    dest.mkdir(parents=True)
    (dest / "top.sls").write_text("base: {}")
    lines = write(dest)
    assert "top.sls.example" in lines[-1]
    assert (dest / "top.sls").read_text() == "base: {}"
    assert (dest / "top.sls.example").read_bytes() == (ROOT / "salt_states/top.sls").read_bytes()
    write(dest)
    FILEROOT.remove(dest)
    assert snapshot(dest) == {"top.sls": b"base: {}"}


def test_top_sls_that_was_edited_becomes_the_operators(dest):
    write(dest)
    (dest / "top.sls").write_text("edited")
    write(dest)
    assert (dest / "top.sls").read_text() == "edited" and (dest / "top.sls.example").exists()
    FILEROOT.remove(dest)
    assert snapshot(dest) == {"top.sls": b"edited"}


def test_remove_takes_back_all_and_no_more(dest):
    dest.mkdir(parents=True)
    (dest / "docker").mkdir()
    (dest / "docker/mine.txt").write_text("mine")
    write(dest)
    FILEROOT.remove(dest)
    assert snapshot(dest) == {"docker/mine.txt": b"mine"}
    assert [p.name for p in dest.iterdir()] == ["docker"]
    assert "nothing was written here" in refuse(FILEROOT.remove, dest)[0]
    assert "nothing was written here" in refuse(FILEROOT.check, dest)[0]


def test_check_names_what_is_missing(dest):
    write(dest)
    (dest / "docker/engine.sls").unlink()
    assert refuse(FILEROOT.check, dest) == ("docker/engine.sls: missing, write again",)
    write(dest)
    assert FILEROOT.check(dest)


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_an_interrupted_write_is_finished_by_the_next(dest, monkeypatch, steps):
    """Killed before the manifest, before the file, or before the manifest is final."""
    write(dest)
    (dest / "docker/engine.sls").write_text("old release")
    old = [FILEROOT.digest(b"old release")]
    edit_manifest(dest, lambda files: files.update({"docker/engine.sls": old}))
    real, done = FILEROOT._put, []

    def put(path, data):
        if len(done) == steps:
            raise KeyboardInterrupt
        done.append(path.name)
        real(path, data)

    monkeypatch.setattr(FILEROOT, "_put", put)
    with pytest.raises(KeyboardInterrupt):
        write(dest)
    assert done == [MANIFEST, "engine.sls"][:steps]
    monkeypatch.undo()
    if steps:
        assert refuse(FILEROOT.check, dest) == ("docker/engine.sls: write again",)
    write(dest)
    assert FILEROOT.check(dest)
    FILEROOT.remove(dest)
    assert snapshot(dest) == {}


def test_a_link_that_leads_outside_is_refused(dest, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    dest.mkdir(parents=True)
    (dest / "docker").symlink_to(outside)
    lines = refuse(FILEROOT.write, dest, [DROPIN])
    assert all("symlink" in line for line in lines) and lines
    assert list(outside.iterdir()) == []


def test_a_link_to_dest_itself_is_followed(dest, tmp_path):
    real = tmp_path / "data"
    real.mkdir()
    dest.parent.mkdir()
    dest.symlink_to(real)
    write(dest)
    assert (real / "top.sls").exists() and FILEROOT.check(dest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"files": []}',
        '{"files": {"../x": ["a"]}}',
        '{"files": {"/x": ["a"]}}',
        '{"files": {"a": 1}}',
    ],
)
def test_a_broken_manifest_is_refused(dest, text):
    write(dest)
    (dest / MANIFEST).write_text(text)
    for function in (FILEROOT.write, FILEROOT.remove, FILEROOT.check):
        args = (dest, [DROPIN]) if function is FILEROOT.write else (dest,)
        assert "not a manifest" in refuse(function, *args)[0]


def test_wrong_extensions(dest, tmp_path):
    dest.mkdir(parents=True)
    other = tmp_path / "_swarm-9.9.9-x86_64.abi3.so"
    other.write_bytes(b"")
    missing = tmp_path / f"_swarm-{VERSION}-sparc.abi3.so"
    assert "not the extension of version" in refuse(FILEROOT.write, dest, [other])[0]
    assert (
        "not the extension of version"
        in refuse(FILEROOT.write, dest, [tmp_path / "_swarm.abi3.so"])[0]
    )
    assert "no such file" in refuse(FILEROOT.write, dest, [missing])[0]
    missing.write_bytes(b"second machine")
    write(dest, DROPIN, missing)
    assert len(list((dest / "_modules").glob("*.so"))) == 2


def test_command_line(dest):
    def run(*arguments):
        command = [sys.executable, str(SCRIPT), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    done = run("write", "--extension", DROPIN, dest)
    assert done.returncode == 0 and "files written" in done.stdout and not done.stderr
    assert run("check", dest).returncode == 0
    (dest / "docker/engine.sls").write_text("edited")
    done = run("remove", dest)
    assert done.returncode == 1 and not done.stdout
    assert (
        done.stderr
        == "docker/engine.sls: changed after it was written: move it away, or restore it\n"
    )
    (dest / "docker/engine.sls").unlink()
    assert run("remove", dest).returncode == 0
    assert run("write", dest).returncode == 2
    blocked = dest.parent / "a-file"
    blocked.write_text("")
    done = run("write", "--extension", DROPIN, blocked / "below")
    assert done.returncode == 1 and "Traceback" not in done.stderr


# --- a destination that is none -------------------------------------------------------------------


def run(*arguments):
    """The command line: (exit status, lines on stderr)."""
    done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("below", ["", "salt", "salt/deeper"])
@pytest.mark.parametrize("command", ["write", "check", "remove"])
def test_a_file_instead_of_the_folder_is_reported(tmp_path, command, below):
    (tmp_path / "srv").write_text("a file")
    extension = ["--extension", DROPIN] if command == "write" else []
    code, lines = run(command, *extension, tmp_path / "srv" / below)
    assert (code, lines) == (
        1,
        [f"{tmp_path}/srv: not a folder: move it away, or give another folder as DEST"],
    )


def test_a_dangling_link_is_reported(tmp_path):
    (tmp_path / "srv").symlink_to("nowhere")
    (line,) = refuse(FILEROOT.check, tmp_path / "srv")
    assert "srv: not a folder" in line


def test_a_file_instead_of_a_folder_of_the_tree_is_reported(dest):
    dest.mkdir(parents=True)
    (dest / "docker").write_text("a file")
    assert refuse(FILEROOT.write, dest, [DROPIN]) == (
        "docker: a symlink, folder or file is in the way: move it away",
    )


def test_a_folder_without_permission_is_reported(tmp_path, monkeypatch, capsys):
    """As root there is none, so the error comes from a replaced function."""

    def refused(*_):
        raise PermissionError(13, "Permission denied", str(tmp_path / "x"))

    monkeypatch.setattr(FILEROOT, "_put", refused)
    assert FILEROOT.main(["write", "--extension", str(DROPIN), str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{tmp_path}/x: Permission denied\n"


def make(*arguments):
    """make in the checkout, as a user calls it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    clean.pop("DEST", None)
    return subprocess.run(
        ["make", "-C", ROOT, "--no-print-directory", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=clean,
    )


@pytest.mark.parametrize("target", ["fileroot", "fileroot-remove"])
@pytest.mark.parametrize("given", [[], ["DEST="], ["DEST= "]])
def test_make_without_a_destination_is_refused_before_anything_is_built(target, given):
    done = make(target, *given)
    (line,) = done.stderr.splitlines()
    assert f"DEST is not set, give the folder: make {target} DEST=/srv/salt" in line
    assert (done.returncode, done.stdout) == (2, "")


def test_make_with_a_space_in_the_destination(tmp_path):
    dest = tmp_path / "with a $space"
    given = f"DEST={tmp_path}/with a $$space"
    done = make("fileroot", given)
    assert done.returncode == 0, done.stderr
    assert (dest / "docker/bootstrap.sls").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [dest.name]
    assert make("fileroot-remove", given).returncode == 0
    assert not list(dest.iterdir())
