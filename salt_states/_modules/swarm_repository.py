# SPDX-License-Identifier: Apache-2.0
"""
The package repository of the Docker Engine
===========================================

Find out in which form the repository is configured on this host, and change what is missing. apt
refuses to read any of its sources while two of them name different keys for one repository, so a
repository that is configured already is left as it is.

:maturity: new
:depends: nothing beyond Salt
:platform: Linux with apt or yum

.. versionadded:: 0.1.0
"""

import base64
import configparser
import os
import re
import shutil
import urllib.parse

import salt.utils.files
from salt.exceptions import CommandExecutionError, MinionError

APT = "/etc/apt"
# What docker.engine writes below it: the names that Docker's own documentation uses.
LIST = "sources.list.d/docker.list"
KEYRING = "keyrings/docker.asc"
YUM = "/etc/yum.repos.d"
YUM_ID = "docker"

ONE_LINE = re.compile(r"(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)")
# apt ignores files with other names.
SOURCE_NAME = re.compile(r"[A-Za-z0-9_.-]+\.(list|sources)")
# The words that apt reads as false.
NO = ("no", "false", "without", "off", "disable", "0")
ARMOR = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
# The first byte of a binary OpenPGP key: the tag of a public key packet.
BINARY_KEY = (0x98, 0x99, 0xC6)

__virtualname__ = "swarm_repository"


def __virtual__():
    return __virtualname__


# --- what is configured ---------------------------------------------------------------------------


def sources():
    """
    Return the sources of apt on this host: a list of ``{"file", "enabled", "types", "uris",
    "suites", "components", "arch", "signed_by"}``. ``signed_by`` is empty where the option is not
    given, and the key itself where a deb822 file has the key inline.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_repository.sources
    """
    folder = os.path.join(APT, "sources.list.d")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    paths = [os.path.join(folder, name) for name in names if SOURCE_NAME.fullmatch(name)]
    ret = []
    for path in [os.path.join(APT, "sources.list"), *paths]:
        parse = _stanzas if path.endswith(".sources") else _lines
        ret += [{"file": path, **entry} for entry in parse(_read(path) or "")]
    return ret


def _lines(text):
    """Return the entries of the one-line format."""
    return [entry for entry in map(_entry, text.splitlines()) if entry]


def _entry(line):
    found = ONE_LINE.match(line.strip())
    if not found:
        return None
    kind, options, uri, suite, components = found.groups()
    options = dict(one.partition("=")[::2] for one in (options or "").split())
    return {
        "enabled": True,
        "types": [kind],
        "uris": [_expanded(uri)],
        "suites": [_expanded(suite)],
        "components": components.split(),
        "arch": options.get("arch", "").replace(",", " ").split(),
        "signed_by": options.get("signed-by", ""),
    }


def _stanzas(text):
    """Return the entries of the deb822 format."""
    ret = []
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n(?:[ \t]*\n)+", "\n".join(lines)):
        fields = {}
        for name, value in re.findall(r"(?m)^([^\s:]+)[ \t]*:(.*(?:\n[ \t].*)*)", stanza):
            fields[name.lower()] = value.strip()
        if {"types", "uris", "suites"} <= set(fields):
            ret.append(
                {
                    "enabled": fields.get("enabled", "").lower() not in NO,
                    "types": fields["types"].split(),
                    "uris": [_expanded(uri) for uri in fields["uris"].split()],
                    "suites": [_expanded(suite) for suite in fields["suites"].split()],
                    "components": fields.get("components", "").split(),
                    "arch": fields.get("architectures", "").replace(",", " ").split(),
                    "signed_by": _signer(fields.get("signed-by", "")),
                }
            )
    return ret


def _signer(value):
    if "BEGIN PGP" not in value:
        return ",".join(value.replace(",", " ").split())
    return "\n".join(line.strip() for line in value.splitlines())


def _expanded(text):
    return text.replace("$(ARCH)", __grains__.get("osarch", ""))


def _address(uri):
    """
    Return what identifies a repository: HTTP and HTTPS, a login and a final slash make no
    difference.
    """
    try:
        parts = urllib.parse.urlsplit(str(uri))
    except ValueError:
        return "", "", str(uri)
    scheme = "http" if parts.scheme.lower() == "https" else parts.scheme.lower()
    host = parts.netloc.rpartition("@")[2].lower()
    host = re.sub(r":(80|443)$", "", host) if scheme == "http" else host
    return scheme, host, re.sub("/+", "/", parts.path).rstrip("/")


def _shown(uri):
    """Return the address without the password that it may hold."""
    return re.sub(r"//[^/@\s]*@", "//", str(uri))


def _covers(entry, repo):
    """
    Return whether the entry is about this repository and distribution, so that keys must agree.
    """
    return (
        entry["enabled"]
        and repo["dist"] in entry["suites"]
        and _address(repo["baseurl"]) in [_address(uri) for uri in entry["uris"]]
    )


def _provides(entry, repo):
    """Return whether the entry provides everything that pillar asks for."""
    return (
        "deb" in entry["types"]
        and set(repo["comps"]) <= set(entry["components"])
        and (not entry["arch"] or __grains__.get("osarch", "") in entry["arch"])
    )


# --- what has to change ---------------------------------------------------------------------------


def needed(repo, key=True):
    """
    Return what has to change so that the repository is configured: ``{"where": the file that has
    it already, or "", "files": {path: new text}, "repair": whether the only change is to remove a
    line of docker.engine that keeps apt from reading its sources}``. Changes nothing. A repository
    that cannot be configured without harm is an error.

    repo
        ``baseurl``, ``gpgkey``, ``dist``, ``comps`` (a list) and ``humanname``.
    key
        ``False``: do not fetch the key and do not compare it.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_repository.needed "$repo" key=False
    """
    if __grains__["os_family"] == "RedHat":
        return _needed_by_yum(repo)
    if __grains__["os_family"] == "Debian":
        return _needed_by_apt(repo, key)
    return {"where": "", "files": {}, "repair": False}


def _needed_by_apt(repo, key):
    path, keyring = os.path.join(APT, LIST), os.path.join(APT, KEYRING)
    entries = sources()
    ours = [one for one in entries if one["file"] == path and one["signed_by"] == keyring]
    same = [one for one in entries if _covers(one, repo)]
    others = [one for one in same if one not in ours]
    _check_others(others, repo)
    ret = {"where": "", "files": {}, "repair": False}
    text = _read(path) or ""
    provider = next((one for one in others if _provides(one, repo)), None)
    if provider:
        ret["where"] = provider["file"]
        if len({one["signed_by"] for one in same}) > 1:
            ret.update(files={path: _without_ours(text, keyring)}, repair=True)
        return ret
    signer = others[0]["signed_by"] if others else keyring
    if not any(_provides(one, repo) and signer == keyring for one in ours if one in same):
        option = f"[signed-by={signer}] " if signer else ""
        line = f"deb {option}{repo['baseurl']} {repo['dist']} {' '.join(repo['comps'])}\n"
        ret["files"][path] = _without_ours(text, keyring) + line
    else:
        ret["where"] = path
    if key and not others:
        _add_key(ret["files"], keyring, repo, [one for one in entries if one not in ours])
    return ret


def _without_ours(text, keyring):
    def is_ours(line):
        entry = _entry(line)
        return entry and entry["signed_by"] == keyring

    kept = [line for line in text.splitlines() if not is_ours(line)]
    return "".join(f"{line}\n" for line in kept)


def _check_others(others, repo):
    """Refuse sources that break the repository, whatever docker.engine writes beside them."""
    files = " and ".join(dict.fromkeys(one["file"] for one in others))
    url = _shown(repo["baseurl"])
    if len({one["signed_by"] for one in others}) > 1:
        raise CommandExecutionError(
            f"{files} name different keys (Signed-By) for {url}, so apt reads none of its sources:"
            " remove one of the entries, then run again"
        )
    for one in others:
        if "BEGIN PGP" in one["signed_by"]:
            if not any(_provides(other, repo) for other in others):
                raise CommandExecutionError(
                    f"{one['file']} configures {url} for {repo['dist']} with a key inline, but"
                    f" without {' '.join(repo['comps'])}: add that there, then run again"
                )
            continue
        for path in one["signed_by"].split(","):
            if path.startswith("/") and not os.path.exists(path):
                raise CommandExecutionError(
                    f"{one['file']} names the key {path} for {url}, and that file does not exist:"
                    " restore it, or remove the entry, then run again"
                )


def _add_key(files, keyring, repo, others):
    wanted, found = _key(repo["gpgkey"]), _read(keyring)
    if wanted == found:
        return
    users = [one["file"] for one in others if keyring in one["signed_by"].split(",")]
    if found is not None and users:
        raise CommandExecutionError(
            f"{keyring} holds another key than {_shown(repo['gpgkey'])}, and {users[0]} uses it:"
            " remove that source, or name its address in pillar repositories:repos:docker"
        )
    files[keyring] = wanted


def _key(source):
    """Return the key as text; apt distinguishes the two forms of a key by the name of the file."""
    if not source or not isinstance(source, str):
        raise CommandExecutionError(
            "pillar repositories:repos:docker:gpgkey must be the URL of the key that signs the"
            " repository"
        )
    try:
        path = __salt__["cp.cache_file"](source)
        if not path:
            raise CommandExecutionError("not found")
        with salt.utils.files.fopen(path, "rb") as handle:
            data = handle.read()
    except (CommandExecutionError, MinionError, OSError) as exc:
        raise CommandExecutionError(
            f"cannot fetch the key of the repository from {_shown(source)}: {_line(exc)}"
        ) from None
    if data[:1] and data[0] in BINARY_KEY:
        body = base64.encodebytes(data).decode()
        return f"{ARMOR}\n\n{body}-----END PGP PUBLIC KEY BLOCK-----\n"
    text = data.decode("utf-8", "replace")
    if ARMOR not in text:
        raise CommandExecutionError(f"{_shown(source)} does not hold an OpenPGP public key")
    return text


def _needed_by_yum(repo):
    path = os.path.join(YUM, f"{YUM_ID}.repo")
    try:
        found = __salt__["pkg.list_repos"](strict_config=False)
    except configparser.Error as exc:
        raise CommandExecutionError(f"cannot read the repositories of yum: {_line(exc)}") from None
    wanted = _address(_of_release(repo["baseurl"]))
    for one in found.values():
        urls = re.split(r"[\s,]+", str(one.get("baseurl") or ""))
        enabled = str(one.get("enabled", "1")).lower() in ("1", "true", "yes", "on")
        if enabled and wanted in [_address(_of_release(url)) for url in urls if url]:
            return {"where": one["file"], "files": {}, "repair": False}
    if YUM_ID not in found and os.path.exists(path):
        raise CommandExecutionError(
            f"{path} exists and has no section [{YUM_ID}]: rename it, so that docker.engine does"
            " not overwrite it, then run again"
        )
    return {"where": "", "files": {path: ""}, "repair": False}


def _of_release(url):
    values = {
        "releasever": __grains__.get("osmajorrelease", ""),
        "basearch": __grains__.get("osarch", ""),
    }
    return re.sub(r"\$\{?(releasever|basearch)\}?", lambda one: str(values[one[1]]), str(url))


# --- the change -----------------------------------------------------------------------------------


def change(files):
    """
    Write files of apt and let apt read all of its sources (``apt-get update``). If apt cannot, the
    files are restored, and its reason is the error.

    files
        ``{path: text}``, as of :py:func:`swarm_repository.needed <needed>`; a file without text is
        removed.

    CLI Example:

    .. code-block:: bash

        salt worker1 swarm_repository.change "$files"
    """
    before = {path: _read(path) for path in files}
    done = False
    try:
        for path, text in files.items():
            _write(path, text)
        __salt__["pkg.refresh_db"]()
        done = True
    except (CommandExecutionError, OSError) as exc:
        raise CommandExecutionError(
            f"apt does not accept the change of {' and '.join(files)}, which was undone: {_line(exc)}"
        ) from None
    finally:
        if not done:
            for path, text in before.items():
                _write(path, text)
    return True


def _read(path):
    try:
        with salt.utils.files.fopen(
            path, "r", encoding="utf-8", errors="surrogateescape"
        ) as handle:
            return handle.read()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise CommandExecutionError(f"cannot read {path}: {exc.strerror}") from None


def _write(path, text):
    """Replace the file as a whole; apt and other readers never see half of it."""
    path = os.path.realpath(path)
    if not text:
        if os.path.exists(path):
            os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    new = f"{path}.new"
    with salt.utils.files.fopen(new, "w", encoding="utf-8", errors="surrogateescape") as handle:
        handle.write(text)
    if os.path.exists(path):
        shutil.copymode(path, new)
    else:
        os.chmod(new, 0o644)
    os.replace(new, path)


def _line(exc):
    """Return one line of an error: what apt calls an error, else all of it."""
    text = _shown(exc)
    errors = [line.strip() for line in text.splitlines() if line.startswith("E:")]
    return errors[0] if errors else " ".join(text.split())
