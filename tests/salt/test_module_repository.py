# SPDX-License-Identifier: Apache-2.0
"""The package repository of the engine: what is configured is recognised, and apt can read the result.

Sources lie in a folder of the test, and the real apt-get reads them wherever this machine has one.
"""

import shutil
import subprocess

import pytest
import rendered
import salt.loader
from salt.exceptions import CommandExecutionError

URL = "https://download.docker.com/linux/debian"
KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQINBF\n-----END PGP PUBLIC KEY BLOCK-----\n"
REPO = {
    "baseurl": URL,
    "gpgkey": f"{URL}/gpg",
    "dist": "trixie",
    "comps": ["stable"],
    "humanname": "D",
}
INLINE = "\n".join(f" {line or '.'}" for line in KEY.splitlines())


class Apt:
    """A host with apt, whose files lie below ``etc``."""

    def __init__(self, root, grains=rendered.DEBIAN):
        self.etc = root / "apt"
        (self.etc / "sources.list.d").mkdir(parents=True)
        (self.etc / "keyrings").mkdir()
        self.key = root / "gpg"
        self.key.write_text(KEY)
        self.refreshed = 0
        modules = salt.loader.minion_mods(rendered.minion_opts(root, grains={"id": "m", **grains}))
        self.call = modules
        self.globals = modules["swarm_repository.needed"].func.__globals__
        self.globals["APT"] = str(self.etc)
        for loader in {
            id(one): one for one in (modules, getattr(modules, "_dunder_salt", modules))
        }.values():
            loader["cp.cache_file"] = self.fetch
            loader["pkg.refresh_db"] = self.refresh

    def fetch(self, url):
        return str(self.key) if self.key.exists() else False

    def refresh(self):
        self.refreshed += 1
        error = self.error()
        if error:
            raise CommandExecutionError(error)

    def error(self):
        """What apt says of its sources; empty if it can read them."""
        options = {
            "Dir::Etc": self.etc,
            "Dir::State": self.etc.parent / "state",
            "Dir::Cache": self.etc.parent / "cache",
            "APT::Architecture": "amd64",
        }
        command = [
            "apt-get",
            "indextargets",
            *(f"-o{key}={value}" for key, value in options.items()),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""

    def write(self, name, text):
        path = self.etc / name
        path.write_text(text.replace("/etc/apt", str(self.etc)))
        return path

    def needed(self, repo=REPO, **more):
        return self.call["swarm_repository.needed"](repo, **more)

    def settle(self, repo=REPO):
        """All that is needed, done; returns the files that were changed."""
        files = self.needed(repo)["files"]
        if files:
            self.call["swarm_repository.change"](files)
        assert self.needed(repo)["files"] == {}, "a second run would change something"
        return sorted(path.removeprefix(f"{self.etc}/") for path in files)

    def files(self):
        return {path: path.read_bytes() for path in self.etc.rglob("*") if path.is_file()}


@pytest.fixture
def apt(tmp_path):
    if not shutil.which("apt-get"):
        pytest.fail("these tests run apt-get: install apt")
    return Apt(tmp_path)


LIST, KEYRING = "sources.list.d/docker.list", "keyrings/docker.asc"


def test_a_bare_host_gets_source_and_key(apt):
    assert apt.settle() == [KEYRING, LIST]
    line = (apt.etc / LIST).read_text()
    assert line == f"deb [signed-by={apt.etc}/{KEYRING}] {URL} trixie stable\n"
    assert (apt.etc / KEYRING).read_text() == KEY
    assert apt.refreshed == 1 and not apt.error()


# Every form that apt and Docker's documentation, past and present, know.
FORMS = {
    "docs of today": (
        "sources.list.d/docker.sources",
        f"Types: deb\nURIs: {URL}\nSuites: trixie\nComponents: stable\nArchitectures: amd64\n"
        "Signed-By: /etc/apt/keyrings/docker.asc\n",
        "keyrings/docker.asc",
    ),
    "docs of 2023": (
        "sources.list.d/docker.list",
        f"deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.gpg] {URL} trixie stable\n",
        "keyrings/docker.gpg",
    ),
    "docs of 2021": (
        "sources.list.d/docker.list",
        f"deb [ arch=amd64 signed-by=/etc/apt/docker-archive-keyring.gpg ] {URL} trixie stable\n",
        "docker-archive-keyring.gpg",
    ),
    "docker-ce.list": (
        "sources.list.d/docker-ce.list",
        f"# Docker\ndeb [signed-by=/etc/apt/keyrings/mine.asc] {URL} trixie stable # hand\n",
        "keyrings/mine.asc",
    ),
    "apt-key": ("sources.list.d/docker.list", f"deb [arch=amd64] {URL} trixie stable\n", ""),
    "no options": ("sources.list.d/download_docker.list", f"deb {URL} trixie stable\n", ""),
    "sources.list": ("sources.list", f"deb [trusted=yes] {URL} trixie stable edge\n", ""),
    "http": ("sources.list.d/d.list", f"deb {URL.replace('https', 'http')} trixie stable\n", ""),
    "slash": ("sources.list.d/d.list", f"deb {URL}/ trixie stable\n", ""),
    "host in capitals": (
        "sources.list.d/d.list",
        "deb https://Download.Docker.com:443/linux/debian trixie stable\n",
        "",
    ),
    "login": (
        "sources.list.d/d.list",
        f"deb {URL.replace('//', '//me:secret@')} trixie stable\n",
        "",
    ),
    "key inline": (
        "sources.list.d/docker.sources",
        f"# by hand\nTypes: deb deb-src\nURIs: {URL}\nSuites: bookworm trixie\nComponents: test stable\n"
        f"Signed-By:\n{INLINE}\n",
        "",
    ),
    "second stanza": (
        "sources.list.d/all.sources",
        "Types: deb\nURIs: http://deb.example.org/debian\nSuites: trixie\nComponents: main\n\n"
        f"types: deb\nuris:\n {URL}\nsuites: trixie\ncomponents:\n stable\nenabled: yes\n",
        "",
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_configured_repository_is_left_as_it_is(apt, form):
    name, text, key = FORMS[form]
    apt.write(name, text)
    if key:
        (apt.etc / key).write_text(KEY)
    assert not apt.error(), "the test's own sources are wrong"
    before = apt.files()
    assert apt.needed()["where"] == str(apt.etc / name)
    assert apt.settle() == []
    assert apt.files() == before and not apt.refreshed


@pytest.mark.parametrize("form", FORMS)
def test_the_line_of_an_earlier_version_that_broke_apt_is_removed(apt, form):
    """It was added to the file docker.list, whatever other file had the repository."""
    name, text, key = FORMS[form]
    apt.write(name, text)
    if key:
        (apt.etc / key).write_text(KEY)
    (apt.etc / KEYRING).write_text(KEY)
    before = apt.files()
    with (apt.etc / LIST).open("a") as handle:
        handle.write(f"deb [signed-by={apt.etc}/{KEYRING}] {URL} trixie stable\n")
    broken = apt.error()
    found = apt.needed()
    assert bool(broken) <= found["repair"] == bool(found["files"])
    apt.settle()
    assert not apt.error()
    if found["repair"]:
        assert apt.files() == before


DISABLED = {
    "comment": (LIST, f"# deb [signed-by=/etc/apt/keyrings/mine.asc] {URL} trixie stable\n"),
    "enabled no": (
        "sources.list.d/docker.sources",
        f"Enabled: no\nTypes: deb\nURIs: {URL}\nSuites: trixie\nComponents: stable\n"
        "Signed-By: /etc/apt/keyrings/mine.asc\n",
    ),
    "other name": (
        "sources.list.d/docker.list.save",
        f"deb [signed-by=/etc/apt/keyrings/mine.asc] {URL} trixie stable\n",
    ),
    "other distribution": (
        "sources.list.d/d.list",
        f"deb [signed-by=/etc/apt/keyrings/mine.asc] {URL} bookworm stable\n",
    ),
    "other address": (
        "sources.list.d/d.list",
        f"deb [signed-by=/etc/apt/keyrings/mine.asc] {URL}-security trixie stable\n",
    ),
}


@pytest.mark.parametrize("form", DISABLED)
def test_what_apt_does_not_read_does_not_count(apt, form):
    name, text = DISABLED[form]
    path = apt.write(name, text)
    before = path.read_text()
    assert apt.settle() == [KEYRING, LIST]
    assert path.read_text().startswith(before)
    assert not apt.error()


PARTIAL = {
    "component": f"deb [signed-by=/etc/apt/keyrings/mine.asc] {URL} trixie test\n",
    "machine": f"deb [arch=arm64 signed-by=/etc/apt/keyrings/mine.asc] {URL} trixie stable\n",
    "sources only": f"deb-src [signed-by=/etc/apt/keyrings/mine.asc] {URL} trixie stable\n",
    "no key": f"deb {URL} trixie test\n",
}


@pytest.mark.parametrize("form", PARTIAL)
def test_what_is_missing_is_added_with_the_key_that_is_there(apt, form):
    path = apt.write("sources.list.d/docker-ce.list", PARTIAL[form])
    (apt.etc / "keyrings/mine.asc").write_text(KEY)
    before = path.read_text()
    assert apt.settle() == [LIST]
    assert path.read_text() == before
    assert not apt.error()


@pytest.mark.parametrize("form", PARTIAL)
def test_an_earlier_line_of_ours_beside_a_part_gets_the_key_that_is_there(apt, form):
    apt.write("sources.list.d/docker-ce.list", PARTIAL[form])
    for name in ("mine", "docker"):
        (apt.etc / f"keyrings/{name}.asc").write_text(KEY)
    apt.write(LIST, f"deb [signed-by=/etc/apt/keyrings/docker.asc] {URL} trixie stable\n")
    apt.settle()
    assert not apt.error()


def test_another_address_and_key_of_pillar_replace_what_is_ours(apt):
    apt.settle()
    foreign = "deb http://deb.example.org/debian trixie main\n"
    (apt.etc / LIST).write_text(foreign + (apt.etc / LIST).read_text())
    apt.key.write_text(KEY.replace("mQINBF", "mQOTHER"))
    mirror = {**REPO, "baseurl": "http://mirror.example.org/docker"}
    assert apt.settle(mirror) == [KEYRING, LIST]
    line = f"deb [signed-by={apt.etc}/{KEYRING}] http://mirror.example.org/docker trixie stable\n"
    assert (apt.etc / LIST).read_text() == foreign + line
    assert (apt.etc / KEYRING).read_text() == apt.key.read_text()


def test_a_key_in_binary_form_is_written_as_text(apt):
    apt.key.write_bytes(b"\x99\x02\x0d" + bytes(range(200)))
    apt.settle()
    text = (apt.etc / KEYRING).read_text()
    assert text.startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQIN")
    assert text.endswith("\n-----END PGP PUBLIC KEY BLOCK-----\n")


def refused(apt, repo=REPO, **more):
    """The text of the refusal; not a byte is written."""
    before = apt.files()
    with pytest.raises(CommandExecutionError) as error:
        apt.needed(repo, **more)
    assert apt.files() == before and not apt.refreshed
    text = str(error.value)
    assert "\n" not in text and "secret" not in text
    return text


def test_keys_that_differ_already_are_refused(apt):
    for name in ("one", "two"):
        apt.write(f"keyrings/{name}.asc", KEY)
        apt.write(
            f"sources.list.d/{name}.list",
            f"deb [signed-by=/etc/apt/keyrings/{name}.asc] {URL} trixie stable\n",
        )
    assert "Conflicting" in apt.error()
    text = refused(apt)
    assert "one.list and " in text and "two.list name different keys" in text


def test_a_source_whose_key_is_missing_is_refused(apt):
    apt.write(
        "sources.list.d/a.list", f"deb [signed-by=/etc/apt/keyrings/no.asc] {URL} trixie stable\n"
    )
    assert "no.asc" in refused(apt)


def test_a_key_inline_without_the_component_is_refused(apt):
    apt.write(
        "sources.list.d/a.sources",
        f"Types: deb\nURIs: {URL}\nSuites: trixie\nComponents: test\nSigned-By:\n{INLINE}\n",
    )
    assert "without stable: add that there" in refused(apt)


def test_the_key_of_another_source_is_not_overwritten(apt):
    apt.write(KEYRING, KEY.replace("mQINBF", "mQOTHER"))
    apt.write(
        "sources.list.d/docker.sources",
        f"Types: deb\nURIs: {URL}\nSuites: trixie\nComponents: stable\n"
        "Signed-By: /etc/apt/keyrings/docker.asc\n",
    )
    assert "docker.sources uses it" in refused(
        apt, {**REPO, "baseurl": "http://mirror.example.org/d"}
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [(None, "cannot fetch the key"), ("<html>404</html>", "does not hold an OpenPGP public key")],
)
def test_an_invalid_key_is_refused(apt, text, reason):
    apt.key.unlink() if text is None else apt.key.write_text(text)
    assert reason in refused(apt, {**REPO, "gpgkey": "https://me:secret@example.org/gpg"})
    assert apt.needed(key=False)["files"], "without the key it can still be compared"


def test_a_change_that_apt_refuses_is_undone(apt, monkeypatch):
    apt.write(LIST, "deb http://deb.example.org/debian trixie main\n")
    before = apt.files()
    files = apt.needed()["files"]
    monkeypatch.setattr(
        apt,
        "error",
        lambda: "W: something\nE: The repository 'https://me:secret@x' is not signed.\nN: more",
    )
    with pytest.raises(CommandExecutionError) as error:
        apt.call["swarm_repository.change"](files)
    assert str(error.value).endswith("was undone: E: The repository 'https://x' is not signed.")
    assert apt.files() == before


def test_files_keep_their_mode(apt):
    path = apt.write(LIST, "deb http://deb.example.org/debian trixie main\n")
    path.chmod(0o640)
    apt.settle()
    assert path.stat().st_mode & 0o777 == 0o640
    assert (apt.etc / KEYRING).stat().st_mode & 0o777 == 0o644


@pytest.fixture
def yum(tmp_path):
    host = Apt(tmp_path, rendered.REDHAT)
    host.repos = {}
    host.globals["YUM"] = str(tmp_path)
    for loader in (host.call, getattr(host.call, "_dunder_salt", host.call)):
        loader["pkg.list_repos"] = lambda **_: host.repos
    return host


CENTOS = {
    **REPO,
    "baseurl": "https://download.docker.com/linux/centos/$releasever/$basearch/stable",
}


@pytest.mark.parametrize(
    ("url", "enabled", "found"),
    [
        (CENTOS["baseurl"], "1", True),
        ("https://download.docker.com/linux/centos/9/amd64/stable/", "1", True),
        ("http://download.docker.com/linux/centos/${releasever}/$basearch/stable", None, True),
        (CENTOS["baseurl"], "0", False),
        ("https://download.docker.com/linux/centos/$releasever/$basearch/test", "1", False),
    ],
)
def test_yum_repository_under_another_name_is_left(yum, url, enabled, found):
    yum.repos["docker-ce-stable"] = {"file": "/etc/yum.repos.d/docker-ce.repo", "baseurl": url}
    if enabled:
        yum.repos["docker-ce-stable"]["enabled"] = enabled
    ret = yum.needed(CENTOS)
    assert bool(ret["files"]) is not found
    assert ret["where"] == ("/etc/yum.repos.d/docker-ce.repo" if found else "")


def test_a_yum_file_of_another_hand_is_not_overwritten(yum, tmp_path):
    (tmp_path / "docker.repo").write_text("[docker-ce-test]\n")
    with pytest.raises(CommandExecutionError, match=r"has no section \[docker\]"):
        yum.needed(CENTOS)
