# SPDX-License-Identifier: Apache-2.0
"""The states of docker.engine: what they install, and what they leave as it is."""

import pytest
import rendered
import salt.loader
import salt.utils.pkg
from salt.exceptions import CommandExecutionError

REPO = {"baseurl": "http://r/d", "gpgkey": "http://r/k"}
MEMBER = {"state": "active"}
BARE = {"state": "inactive"}
UPGRADED = {"docker-ce": {"old": "5:26.1.0-1", "new": "5:28.5.2-1"}}


class Host:
    """A host in memory: its packages, engine and service, and what Salt's own states did to it."""

    def __init__(
        self, root, test=False, version="", package="docker-ce", grains=rendered.DEBIAN, pillar=None
    ):
        self.packages = {"docker-ce": "5:26.1.0-1", "containerd.io": "1.7"}
        self.info = BARE
        self.data, self.held, self.enabled = {}, [], True
        self.unit_runs = True
        self.needed = {"where": "/etc/apt/sources.list.d/docker.list", "files": {}, "repair": False}
        self.asked_for_key, self.done, self.commands = None, [], []
        self.broken = ""
        named = {"name": package, "version": version}
        both = {"repos": {"docker": REPO}, "pkgs": {"docker-engine": named}}
        pillar = {"repositories": both} if pillar is None else pillar
        self.opts = rendered.minion_opts(
            root, test=test, pillar=pillar, grains={"id": "m", **grains}
        )
        self.modules = salt.loader.minion_mods(self.opts)
        self.states = salt.loader.states(self.opts, self.modules, utils={}, serializers={})
        for loader in (self.modules, getattr(self.modules, "_dunder_salt", self.modules)):
            loader["pkg.list_pkgs"] = lambda: dict(self.packages)
            loader["pkg.get_selections"] = lambda pattern, state: (
                {state: self.held} if self.held else {}
            )
            loader["swarm.info"] = self.ask
            loader["swarm_state_dir.orphan_data"] = lambda: self.data
            loader["service.enabled"] = lambda name: self.enabled
            loader["cmd.retcode"] = lambda command, **_: self.commands.append(command) or 1
            loader["service.status"] = lambda name: self.unit_runs
            loader["swarm_repository.needed"] = self.look_at_sources
            loader["swarm_repository.change"] = lambda files: self.did("sources", files)
        self.states["pkg.installed"] = self.install
        self.states["pkgrepo.managed"] = self.repository
        self.states["service.running"] = self.service
        self.globals = self.modules["swarm_engine.look"].func.__globals__
        self.globals["MASK"] = str(root / "docker.service")
        self.mask = root / "docker.service"

    def ask(self):
        if self.info is None:
            raise CommandExecutionError("docker does not answer")
        return self.info

    def did(self, *what):
        self.done.append(what)
        if self.broken:
            raise CommandExecutionError(self.broken)

    def look_at_sources(self, repo, key=True):
        self.asked_for_key = key
        if self.broken:
            raise CommandExecutionError(self.broken)
        return self.needed

    def install(self, name, version=None):
        self.done.append(("package", name, version))
        if self.broken:
            return {"result": False, "changes": {}, "comment": f"W: x\n{self.broken}\n"}
        old = self.packages.get(name, "")
        self.packages[name] = version or "5:28.5.2-1"
        return {
            "result": True,
            "changes": {name: {"old": old, "new": self.packages[name]}},
            "comment": "installed",
        }

    def repository(self, name, **more):
        self.done.append(("yum", name, more))
        return {"result": True, "changes": {"repo": name}, "comment": "Configured\nit"}

    def service(self, name, enable):
        """The service runs, and is to be enabled, or cannot be."""
        changes = {} if self.enabled else {name: True}
        done = {"result": True, "changes": changes, "comment": f"{name}\nis running"}
        if self.broken:
            return {"result": False, "changes": {}, "comment": f"{self.broken}\nsee its log"}
        if changes and self.opts["test"]:
            return {**done, "result": None}
        if changes:
            self.did("service", name, enable)
        return done

    def state(self, function):
        settled = self.modules["swarm_engine.settled"]()
        ret = self.states[f"swarm_engine.{function}"](name="x")
        if settled is not None:
            # A run that goes by it does not call the states.
            assert ret["result"] is True and ret["changes"] == {}, (function, ret)
            assert function != "installed" or ret.get("warnings", []) == settled["drift"]
        assert "\n" not in ret["comment"] and ret["comment"]
        if self.opts["test"]:
            assert not self.done, "a change in test mode"
            assert (ret["result"] is None) == bool(ret["changes"])
        return ret


@pytest.fixture(params=[False, True], ids=["real", "test"])
def make(request, tmp_path):
    """A maker of hosts, in a real run and in test mode."""
    return lambda **more: Host(tmp_path, test=request.param, **more)


def assert_left(host, *texts):
    """Both states say that all is well, change nothing, and warn of the difference."""
    for function in ("repository", "installed"):
        ret = host.state(function)
        assert ret["result"] is True and ret["changes"] == {}, ret
    assert host.done == []
    for text in texts:
        assert any(text in line for line in ret["warnings"]) and text in ret["comment"]
    assert bool(ret.get("warnings")) == bool(texts)


def become_member(host):
    host.info = MEMBER


def go_silent(host):
    host.info = None


def lock(host):
    host.info = {"state": "locked"}


def hold_data(host):
    host.data = {"cluster_id": "", "node_id": "", "reason": "raft data"}


def hold(host):
    host.held = ["docker-ce"]


KEPT = {
    become_member: "this host is a member of a swarm",
    lock: "this host is a member of a swarm",
    go_silent: "docker does not answer, and may be a member",
    hold_data: "this host holds the data of a swarm",
    hold: "docker-ce is on hold",
}


@pytest.mark.parametrize("change", KEPT)
def test_another_version_in_pillar_is_drift(make, change):
    host = make(version="5:28.5.2-1")
    change(host)
    text = f"docker-ce is 5:26.1.0-1, pillar says 5:28.5.2-1 (not changed: {KEPT[change]}"
    assert_left(host, text)
    (line,) = host.modules["swarm_engine.drift"]()
    assert KEPT[change] in line


@pytest.mark.parametrize("change", KEPT)
def test_an_older_version_in_pillar_is_drift(make, change):
    host = make(version="5:20.10.24-1")
    change(host)
    assert_left(host, "docker-ce is 5:26.1.0-1, pillar says 5:20.10.24-1")


@pytest.mark.parametrize("info", [MEMBER, BARE, None])
def test_another_package_in_pillar_is_drift(make, info):
    """An installation of the other one would remove the one that runs."""
    host = make(package="docker.io", version="26.1.5")
    host.info = info
    assert_left(host, "docker-ce 5:26.1.0-1 is installed, pillar says docker.io 26.1.5")


@pytest.mark.parametrize("info", [MEMBER, BARE])
def test_an_engine_without_a_package_is_drift(make, info):
    host = make()
    host.packages, host.info = {}, info
    assert_left(host, "docker is installed without a package, pillar says docker-ce")


def test_another_repository_in_pillar_is_drift_on_a_member(make):
    host = make()
    host.info = MEMBER
    host.needed = {
        "where": "",
        "files": {"/etc/apt/sources.list.d/docker.list": "x"},
        "repair": False,
    }
    assert_left(host, "pillar names another package repository than this host has")
    assert host.asked_for_key is False


def test_a_repository_that_fails_is_drift_on_a_member(make):
    host = make()
    host.info, host.broken = MEMBER, "no.asc does not exist"
    assert_left(host, "no.asc does not exist (not changed")


def test_a_disabled_service_is_drift_on_a_member(make):
    host = make()
    host.info, host.enabled = MEMBER, False
    assert_left(host, "docker.service is disabled")
    assert_service_left(host)


def test_a_masked_service_of_an_engine_that_runs_is_left(make):
    host = make()
    host.mask.symlink_to("/dev/null")
    assert_service_left(host)
    host.info = MEMBER
    assert_left(host, "docker.service is masked")
    assert_service_left(host)


def assert_service_left(host):
    ret = host.state("running")
    assert (ret["result"], ret["changes"]) == (True, {}) and "stays as it is" in ret["comment"]
    assert host.done == []


@pytest.mark.parametrize("info", [MEMBER, BARE, None])
def test_the_service_is_started_and_enabled_otherwise(make, info):
    host = make()
    host.info, host.enabled = info, info is MEMBER
    ret = host.state("running")
    assert ret["comment"] == "docker is running"
    assert ret["changes"] == ({} if info is MEMBER else {"docker": True})
    if not host.opts["test"]:
        assert host.done == ([] if info is MEMBER else [("service", "docker", True)])


@pytest.mark.parametrize("info", [BARE, None])
def test_a_service_that_was_started_too_often_is_started(make, info):
    host = make()
    host.info = info
    host.state("running")
    units = ["docker.service", "docker.socket", "containerd.service"]
    asked = [["systemctl", "reset-failed", *units]]
    assert host.commands == ([] if info or host.opts["test"] else asked)


def test_a_service_that_does_not_start_is_one_line(make):
    host = make()
    host.info, host.broken = None, "Service docker failed to start"
    ret = host.state("running")
    assert ret["result"] is False
    assert ret["comment"] == "Service docker failed to start see its log"


@pytest.mark.parametrize("installed", [True, False])
def test_a_masked_service_that_does_not_run_is_refused(make, installed):
    host = make()
    host.info = None
    host.mask.symlink_to("/dev/null")
    host.packages = host.packages if installed else {}
    ret = host.state("repository")
    assert ret["result"] is False and "systemctl unmask docker.service" in ret["comment"]
    assert host.done == []


@pytest.mark.parametrize(
    "version", ["", "latest", "5:26.1.0-1", "26.1.0-1", "5:26.*"], ids=lambda one: one or "none"
)
@pytest.mark.parametrize("info", [MEMBER, BARE, None])
def test_an_engine_as_in_pillar_has_no_drift(make, version, info):
    host = make(version=version)
    host.info = info
    assert_left(host)
    assert host.modules["swarm_engine.drift"]() == []


def test_a_line_of_ours_that_broke_apt_is_removed_on_a_member_too(make):
    host = make()
    host.info = MEMBER
    path = "/etc/apt/sources.list.d/docker.list"
    host.needed = {
        "where": "/etc/apt/sources.list.d/docker-ce.list",
        "files": {path: ""},
        "repair": True,
    }
    ret = host.state("repository")
    assert ret["changes"] == {path: {"old": f"also in {host.needed['where']}", "new": "removed"}}
    assert host.done == ([] if host.opts["test"] else [("sources", {path: ""})])


def test_an_engine_outside_a_swarm_gets_the_version_of_pillar(make):
    host = make(version="5:28.5.2-1")
    predicted = host.opts["test"]
    ret = host.state("installed")
    assert ret["changes"] == UPGRADED
    assert host.done == ([] if predicted else [("package", "docker-ce", "5:28.5.2-1")])
    assert ret["result"] is (None if predicted else True)


def test_a_bare_host_gets_repository_and_engine(make):
    host = make(version="5:28.5.2-1")
    host.packages, host.info = {}, None
    host.needed = {"where": "", "files": {"/etc/a": "x", "/etc/b": "y"}, "repair": False}
    for function in ("repository", "installed"):
        ret = host.state(function)
        assert ret["result"] is (None if host.opts["test"] else True)
        assert set(ret["changes"]) == (
            {"/etc/a", "/etc/b"} if function == "repository" else {"docker-ce"}
        )
    assert host.asked_for_key is True
    assert ret["changes"] == {"docker-ce": {"old": "", "new": "5:28.5.2-1"}}


def test_the_first_installation_of_a_run_refreshes_the_lists(tmp_path):
    """Salt does so for its own states, and these call them: a bare host may have no list yet."""
    host = Host(tmp_path)
    (tmp_path / "cache").mkdir()
    assert salt.utils.pkg.check_refresh(host.opts) is False
    assert host.states["swarm_engine.mod_init"]({}) is True
    assert salt.utils.pkg.check_refresh(host.opts) is True


def test_podman_docker_is_refused_before_anything(make):
    host = make()
    host.packages, host.info = {"podman-docker": "4"}, None
    ret = host.state("repository")
    assert ret["result"] is False and "podman-docker is installed and conflicts" in ret["comment"]
    assert host.done == []


def test_a_bare_host_fails_over_its_repository(make):
    host = make()
    host.packages, host.info, host.broken = {}, None, "cannot fetch the key"
    assert host.state("repository")["result"] is False


def test_an_engine_that_runs_does_not_fail_over_its_repository(make):
    host = make(version="5:28.5.2-1")
    host.broken = "cannot fetch the key"
    ret = host.state("repository")
    assert ret["result"] is True and ret["warnings"] == ["cannot fetch the key"]


def test_an_upgrade_that_fails_is_reported_and_no_failure_while_the_engine_runs(tmp_path):
    host = Host(tmp_path, version="5:28.5.2-1")
    host.broken = "E: Version '5:28.5.2-1' for 'docker-ce' was not found"
    ret = host.state("installed")
    assert ret["result"] is True
    assert ret["warnings"] == [f"cannot install docker-ce 5:28.5.2-1: {host.broken}"]
    host.info, host.packages = None, {}
    assert host.state("installed")["result"] is False


@pytest.mark.parametrize(
    ("repositories", "text"),
    [
        ([], ""),
        ("x", "pillar repositories and repositories:pkgs must be dictionaries"),
        ({"repos": {"docker": "http://r"}}, "repositories:repos:docker must be a dictionary"),
        ({"repos": {"docker": {"gpgkey": "k"}}}, "docker:baseurl must be a URL"),
        ({"pkgs": ["docker"]}, "repositories:pkgs must be dictionaries"),
    ],
)
def test_pillar_of_another_form_is_one_line(make, repositories, text):
    host = make(pillar={"repositories": repositories})
    ret = host.state("repository")
    assert ret["result"] is (not text) and text in ret["comment"]


def test_pillar_without_the_engine_takes_any_that_is_installed(make):
    host = make(pillar={"swarm": {}})
    host.packages, host.info = {"docker.io": "26"}, MEMBER
    assert_left(host)


def test_redhat_is_configured_by_salts_own_state(tmp_path):
    host = Host(tmp_path, grains=rendered.REDHAT)
    host.needed = {"where": "", "files": {"/etc/yum.repos.d/docker.repo": ""}, "repair": False}
    ret = host.state("repository")
    assert (ret["result"], ret["changes"], ret["comment"]) == (
        True,
        {"repo": "docker"},
        "Configured it",
    )
    ((_, name, given),) = host.done
    assert name == "docker"
    assert given == {
        "humanname": "Docker",
        "baseurl": "http://r/d",
        "gpgkey": "http://r/k",
        "gpgcheck": 1,
        "enabled": True,
    }


OLD = "docker-ce is 5:26.1.0-1, pillar says 5:28.5.2-1 (not changed: this host is a member of a swarm)"


def stop(host):
    host.info, host.unit_runs = None, False


def disable(host):
    host.enabled = False


def mask(host):
    host.mask.symlink_to("/dev/null")


def other_sources(host):
    host.needed = {"where": "", "files": {"/x": "deb …"}, "repair": False}


def broken_sources(host):
    host.needed = {"where": "/y", "files": {"/x": ""}, "repair": True}


def unreadable_sources(host):
    def needed(repo, key=True):
        raise CommandExecutionError("E: x")

    for loader in (host.modules, getattr(host.modules, "_dunder_salt", host.modules)):
        loader["swarm_repository.needed"] = needed


def no_unit(host):
    host.unit_runs = False


@pytest.mark.parametrize("member", [False, True], ids=["outside", "member"])
@pytest.mark.parametrize(
    ("change", "outside", "inside"),
    [
        (lambda host: None, True, True),
        (stop, False, False),
        (disable, False, True),
        (mask, True, True),
        (other_sources, False, True),
        (broken_sources, False, False),
        (no_unit, False, False),
        (unreadable_sources, False, True),
        (lambda host: host.packages.pop("docker-ce"), True, True),
        (lambda host: host.packages.update({"docker-ce": "5:20.10.0-1"}), False, True),
        (hold, True, True),
    ],
)
def test_whether_the_engine_has_nothing_to_change(make, member, change, outside, inside):
    """Host.state holds it against what each state does."""
    host = make(version="5:26.1.0-1")
    if member:
        become_member(host)
    change(host)
    settled = host.modules["swarm_engine.settled"]()
    assert (settled is not None) == (inside if member else outside)
    for function in ("repository", "installed", "running") if settled else ():
        host.state(function)


@pytest.fixture
def drifted(fleet, monkeypatch):
    """A whole swarm whose engines all differ from pillar but that of worker2. As on real hosts,
    later jobs of a run do not look at the engine."""
    fleet.form()
    first = {("manager1", "docker.mine"), ("manager2", "docker.mine"), ("manager3", "docker.mine")}
    first |= {("worker1", "docker.worker.join"), ("worker2", "docker.worker.join")}
    apply = type(fleet).apply

    def seen(self, name, sls, run, *more):
        lines = [OLD] if (name, sls) in first and name != "worker2" else []
        job = type(fleet[name]).job

        def with_drift(minion, **given):
            made = job(minion, **given)
            made.replace("swarm_engine.drift", lambda known=False: list(lines))
            return made

        with monkeypatch.context() as patch:
            patch.setattr(type(fleet[name]), "job", with_drift)
            return apply(self, name, sls, run, *more)

    monkeypatch.setattr(type(fleet), "apply", seen)
    return fleet


def test_the_last_line_of_a_bootstrap_reports_drift(drifted):
    done = drifted.bootstrap()
    assert done["ok"]
    ret = done["converged"]["manager1"]["docker-swarm-converged"]
    assert ret["result"] is True and ret["changes"] == {}
    assert ret["comment"].startswith("3 of 3 managers joined, 2 of 2 workers joined")
    assert ret["comment"].endswith(f"; manager1, manager2, manager3, worker1: {OLD}")


@pytest.mark.parametrize("drift", [None, "text", {"a": 1}, [["x"]]])
def test_malformed_facts_report_no_drift(fleet, drift):
    entry = {"drift": drift} if drift is not None else {}
    found = fleet["manager1"].job().salt["swarm_facts.drift"](entry)
    assert all(isinstance(line, str) for line in found)


def test_drift_is_found_with_the_pillar_that_the_master_has_now(make):
    """A minion's own is as old as its last refresh."""
    host = make()
    host.info = MEMBER
    now = {"repositories": {"pkgs": {"docker-engine": {"version": "5:28.5.2-1"}}}}
    for loader in (host.modules, getattr(host.modules, "_dunder_salt", host.modules)):
        loader["pillar.items"] = lambda unmask: now if unmask else {"repositories": "**********"}
    assert host.modules["swarm_engine.drift"]() == []
    assert host.modules["swarm_engine.drift"](False, True) == [OLD]
