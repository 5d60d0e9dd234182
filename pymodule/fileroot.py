# SPDX-License-Identifier: Apache-2.0
"""Write a complete Salt file root to a folder, or remove it.

    fileroot.py write --extension _swarm-0.1.0-x86_64.abi3.so /srv/salt
    fileroot.py check /srv/salt
    fileroot.py remove /srv/salt

The written files are listed in ``.libswarm-manifest.json`` in the folder, with their SHA-256. A
file that this command did not write, or that was changed since, is never replaced or removed: all
such files are listed, nothing is done, and the exit status is 1. ``top.sls`` is the exception: where
somebody else's, or an edited one, is there, ours goes out as ``top.sls.example``.

It runs from a checkout and from an installed wheel, and needs the standard library alone.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
from pathlib import Path, PurePosixPath

MANIFEST = ".libswarm-manifest.json"
# What a minion compares its synced files with (docker/extension.sls), and the folders it syncs.
DIGESTS = "docker/DIGESTS"
SYNCED = ("_grains/", "_modules/", "_output/", "_states/")
# Hex digits of the core's SHA-256 in the name under which it is delivered.
SHORT = 12
HERE = Path(__file__).resolve().parent


class Refused(Exception):
    """The command cannot be done; ``args`` are the lines that say why."""


def digest(data):
    """Return the SHA-256 of bytes as hex text."""
    return hashlib.sha256(data).hexdigest()


# --- what is written -------------------------------------------------------------------------------


def _files_below(folder):
    """Yield (path below the folder, with slashes; path) of each file that belongs to the tree."""
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in below.parts)
        if path.is_file() and not hidden and path.suffix != ".pyc":
            yield below.as_posix(), path


def source_tree():
    """Return the file root without the extension: ``{path below the root: source Path}``."""
    installed = HERE / "_fileroot"
    if not installed.is_dir():
        return dict(_files_below(HERE.parent / "salt_states"))
    tree = dict(_files_below(installed))
    for kind in ("modules", "states", "output", "grains", "runners"):
        tree.update((f"_{kind}/{below}", path) for below, path in _files_below(HERE / kind))
    return tree


def wanted_files(extensions):
    """Return ``{path below the root: bytes}`` of a complete file root.

    ``extensions`` are paths of the built extension under its versioned name, one for each machine
    type. Raises :class:`Refused` for one that is missing or of another version.

    In the file root its name ends with a digest of it: a sync writes over a file of the same name in
    place, and would write into one that processes have mapped.
    """
    files = {below: path.read_bytes() for below, path in source_tree().items()}
    version = files["docker/VERSION"].decode("ascii").strip()
    pattern = re.compile(rf"(_swarm-{re.escape(version)}-[a-z0-9_]+)\.abi3\.so")
    for extension in map(Path, extensions):
        name = pattern.fullmatch(extension.name)
        if not name:
            raise Refused(
                f"{extension}: not the extension of version {version}, "
                f"which is called _swarm-{version}-<machine>.abi3.so"
            )
        if not extension.is_file():
            raise Refused(f"{extension}: no such file, build the extension first")
        core = extension.read_bytes()
        files[f"_modules/{name[1]}-{digest(core)[:SHORT]}.abi3.so"] = core
    synced = sorted(below for below in files if below.startswith(SYNCED))
    lines = [f"{digest(files[below])}  {below.removeprefix('_')}\n" for below in synced]
    files[DIGESTS] = "".join(lines).encode()
    return files


# --- what is there ---------------------------------------------------------------------------------


def read_manifest(dest):
    """Return ``{path below dest: [SHA-256, …]}`` of what earlier runs wrote.

    A file has two digests while a run that was interrupted may or may not have replaced it.
    """
    path = dest / MANIFEST
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        for below, digests in files.items():
            parts = PurePosixPath(below).parts
            if not parts or parts[0] == "/" or ".." in parts or not isinstance(digests, list):
                raise ValueError
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused(f"{path}: not a manifest of this command, move it away") from None
    return files


def _leads_outside(dest, below):
    """Return whether a symlink in the way leads out of dest."""
    real = os.path.realpath(dest)
    parent = os.path.realpath((dest / below).parent)
    return os.path.commonpath([real, parent]) != real


def look(dest, below, digests):
    """Return the state of one place below dest.

    "missing", "ours" (as one of ``digests``), "changed" (written by us, edited since), "foreign" (not
    in the manifest), or "blocked" (a symlink, a folder, or a way that leads outside of dest).
    """
    path = dest / below
    if _leads_outside(dest, below) or path.is_symlink():
        return "blocked"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return "missing"
    except (IsADirectoryError, NotADirectoryError):
        return "blocked"
    if not digests:
        return "foreign"
    return "ours" if digest(data) in digests else "changed"


def _check_folder(dest):
    """Raise :class:`Refused` where dest is or lies below something that is not a folder."""
    for path in (dest, *dest.parents):
        if path.is_dir():
            return
        if path.exists() or path.is_symlink():
            raise Refused(f"{path}: not a folder: move it away, or give another folder as DEST")


def _in_the_way(dest, below):
    """Return the uppermost part of a blocked place that is in the way; the place itself if none is."""
    for parent in reversed(PurePosixPath(below).parents):
        path = dest / parent
        if (path.is_symlink() or path.exists()) and not path.is_dir():
            return parent.as_posix()
        if _leads_outside(dest, parent / "x"):
            return parent.as_posix()
    return below


REASONS = {
    "changed": "changed after it was written: move it away, or restore it",
    "foreign": "not written by this command: move it away",
    "blocked": "a symlink, folder or file is in the way: move it away",
}


def _conflict(dest, below, state):
    if state == "blocked":
        below = _in_the_way(dest, below)
    return f"{below}: {REASONS[state]}"


# --- doing it --------------------------------------------------------------------------------------


def _put(path, data):
    """Write a file in one step: whoever reads sees the old one or the new one, whole."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _put_manifest(dest, files):
    text = json.dumps({"files": dict(sorted(files.items()))}, indent=1)
    _put(dest / MANIFEST, (text + "\n").encode())


def _make_folders(dest, below):
    for parent in reversed(PurePosixPath(below).parents):
        folder = dest / parent
        if not folder.is_dir():
            folder.mkdir(parents=True)
            folder.chmod(0o755)


def _remove_file(dest, below):
    path = dest / below
    path.unlink(missing_ok=True)
    for parent in PurePosixPath(below).parents:
        if parent.name and (dest / parent).is_dir():
            try:
                (dest / parent).rmdir()
            except OSError:
                break


def write(dest, extensions):
    """Write or update the file root in dest; return lines that say what was done.

    Raises :class:`Refused` with one line for each file in the way; nothing was written then.
    """
    _check_folder(dest)
    old = read_manifest(dest)
    files = wanted_files(extensions)
    top = look(dest, "top.sls", old.get("top.sls"))
    if top not in ("missing", "ours"):
        old.pop("top.sls", None)
        files["top.sls.example"] = files.pop("top.sls")

    conflicts, new = [], {}
    for below, data in files.items():
        state = look(dest, below, old.get(below))
        same = state in ("foreign", "changed") and (dest / below).read_bytes() == data
        if state not in ("missing", "ours") and not same:
            conflicts.append(_conflict(dest, below, state))
        elif state != "foreign":
            new[below] = digest(data)
    gone = [below for below in old if below not in files]
    conflicts += [
        _conflict(dest, below, state)
        for below in gone
        if (state := look(dest, below, old[below])) not in ("missing", "ours")
    ]
    if conflicts:
        raise Refused(*sorted(set(conflicts)))

    _make_folders(dest, MANIFEST)
    # The manifest goes first, with both digests, so that an interrupted run finds its own files.
    both = {below: sorted({*old.get(below, []), *_one(new, below)}) for below in {*old, *new}}
    _put_manifest(dest, both)
    for below, value in new.items():
        _make_folders(dest, below)
        if not (dest / below).exists() or digest((dest / below).read_bytes()) != value:
            _put(dest / below, files[below])
    for below in gone:
        _remove_file(dest, below)
    _put_manifest(dest, {below: [value] for below, value in new.items()})

    lines = [f"{dest}: {len(new)} files written, {len(gone)} old ones removed"]
    if "top.sls.example" in files:
        lines.append("top.sls is not ours and stays: merge top.sls.example into it")
    return lines


def _one(digests, below):
    return [digests[below]] if below in digests else []


def check(dest):
    """Return lines that say the file root in dest is as written, else raise :class:`Refused`."""
    _check_folder(dest)
    files = read_manifest(dest)
    if not files:
        raise Refused(f"{dest}: nothing was written here")
    wrong = []
    for below, digests in sorted(files.items()):
        state = look(dest, below, digests)
        if state == "missing":
            wrong.append(f"{below}: missing, write again")
        elif state != "ours" or len(digests) != 1:
            wrong.append(
                _conflict(dest, below, state) if state != "ours" else f"{below}: write again"
            )
    if wrong:
        raise Refused(*dict.fromkeys(wrong))
    return [f"{dest}: {len(files)} files, all as written"]


def remove(dest):
    """Remove what was written to dest; raise :class:`Refused` if a file was changed afterwards."""
    _check_folder(dest)
    files = read_manifest(dest)
    if not files:
        raise Refused(f"{dest}: nothing was written here")
    conflicts = [
        _conflict(dest, below, state)
        for below, digests in sorted(files.items())
        if (state := look(dest, below, digests)) not in ("missing", "ours")
    ]
    if conflicts:
        raise Refused(*dict.fromkeys(conflicts))
    for below in files:
        _remove_file(dest, below)
    (dest / MANIFEST).unlink()
    return [f"{dest}: {len(files)} files removed"]


def main(arguments=None):
    """Run the command line; return the exit status: 0, or 1 with the reasons on stderr."""
    parser = argparse.ArgumentParser(
        prog="saltext-swarm-fileroot",
        description="Write a complete Salt file root to a folder, or remove it.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("write", "write or update the file root"),
        ("check", "compare the folder with what was written"),
        ("remove", "take back what was written"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("dest", metavar="DEST", type=Path, help="such as /srv/salt")
        if name == "write":
            command.add_argument(
                "--extension",
                metavar="FILE",
                action="append",
                required=True,
                help="the built extension _swarm-<version>-<machine>.abi3.so; "
                "again for another machine type",
            )
    options = parser.parse_args(arguments)
    try:
        if options.command == "write":
            lines = write(options.dest, options.extension)
        else:
            lines = (check if options.command == "check" else remove)(options.dest)
    except Refused as refused:
        print(*refused.args, sep="\n", file=sys.stderr)
        return 1
    except OSError as error:
        # Of a rename the second name is the one that was asked for.
        name = error.filename2 or error.filename or options.dest
        print(f"{name}: {error.strerror or error}", file=sys.stderr)
        return 1
    print(*lines, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
