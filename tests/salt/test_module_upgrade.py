# SPDX-License-Identifier: Apache-2.0
"""What docker.upgrade does on a host: which version, the installation, the restart, the unlock."""

import importlib.util
import os

import pytest
import rendered
from salt.exceptions import CommandExecutionError

OLD, NEW = "26.1.5+dfsg1-9", "28.5.2+dfsg4-5"


class Host:
    """A host's functions, with what was done in ``done``."""

    def __init__(self):
        self.done, self.running, self.version, self.engine = [], [], OLD, "26.1.5+dfsg1"
        self.offered, self.wanted, self.states = [NEW, OLD], "", ["active"]
        self.comes_up = True

    def install(self, pkgs, refresh, **more):
        self.done.append(("install", pkgs, more))
        if not more.get("downloadonly"):
            self.version = pkgs[0]["docker.io"]

    def run_all(self, command, python_shell):
        self.done.append(tuple(command))
        if "docker" in command and self.comes_up:
            self.engine = self.version
        return {"retcode": 0, "stdout": "", "stderr": ""}

    def info(self):
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"state": state, "node_id": "n1", "role": "worker", "cluster_id": "c1"}

    def unlock(self, **place):
        self.done.append(("unlock", place))

    def functions(self):
        look = {"package": "docker.io"}
        packages = {"docker.io": OLD, "docker-cli": OLD, "runc": "1"}
        return {
            "saltutil.running": lambda: self.running,
            "swarm.info": self.info,
            "swarm.unlock": self.unlock,
            "swarm_core.call": lambda _: {"Version": self.engine},
            "swarm_engine.look": lambda: {**look, "version": self.version},
            "swarm_engine.wanted": lambda: {"version": self.wanted},
            "swarm_engine.forget": lambda: True,
            "swarm_roll.number": ROLL.number,
            "pkg.list_repo_pkgs": lambda name: {name: self.offered},
            "pkg.list_pkgs": lambda: packages,
            "pkg.refresh_db": lambda: self.done.append(("refresh",)),
            "pkg.install": self.install,
            "service.get_all": lambda: ["docker", "docker.socket", "containerd"],
            "service.status": lambda _: True,
            "cmd.run_all": self.run_all,
            "swarm_engine.let_start": lambda: self.done.append("starts forgotten"),
        }


def loaded(name):
    path = rendered.STATES / f"_modules/{name}.py"
    spec = importlib.util.spec_from_file_location(f"{name}_under_test", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ROLL = loaded("swarm_roll")


@pytest.fixture
def made(monkeypatch):
    """``(module, host)``."""
    module, host = loaded("swarm_upgrade"), Host()
    vars(module).update(__salt__=host.functions(), __pillar__={"swarm": {}})
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    return module, host


@pytest.mark.parametrize(
    ("text", "number"),
    [(NEW, "28.5.2"), ("5:28.5.2-1~debian.12~bookworm", "28.5.2"), ("", ""), ("v1.2", "1.2")],
)
def test_numbers(text, number):
    assert ROLL.number(text) == number


@pytest.mark.parametrize(
    ("wanted", "offered", "target"),
    [
        ("", [NEW, OLD], NEW),
        ("latest", [NEW, OLD], NEW),
        ("26*", [NEW, OLD], OLD),
        ("28.5*", ["5:28.5.2-1", "5:28.4.0-1"], "5:28.5.2-1"),
        ("5:28.4*", ["5:28.5.2-1", "5:28.4.0-1"], "5:28.4.0-1"),
        ("29*", [NEW, OLD], ""),
    ],
)
def test_the_target_is_the_newest_that_pillar_allows(made, wanted, offered, target):
    module, host = made
    host.wanted, host.offered = wanted, offered
    found = module.look(refresh=True)
    assert (found["target"], found["engine"], found["installed"]) == (target, "26.1.5", OLD)
    assert host.done == [("refresh",)]


def test_a_host_where_another_run_goes_on(made):
    module, host = made
    host.running = [{"fun": "swarm_upgrade.look", "pid": 1}]
    assert module.look()["state"] == "active"
    host.running.append({"fun": "swarm_upgrade.install", "pid": 77})
    with pytest.raises(CommandExecutionError, match=r"busy, .*\(swarm_upgrade.install, PID 77\)"):
        module.look()


def dry_run(module, **answer):
    """What a look with preflight says is in the way, and what apt was asked."""
    asked = []

    def run_all(command, **how):
        assert how["env"] == {"LC_ALL": "C"}
        asked.append(command)
        return {"retcode": 0, "stdout": "", "stderr": "", **answer}

    module.__grains__ = {"os_family": "Debian"}
    module.__salt__.update(
        {"cmd.run_all": run_all, "swarm_preflight.reading": lambda: {"state": "active"}}
    )
    found = module.look(preflight=True)
    assert found["reading"] == {"state": "active"}
    return found["blocked"], asked


@pytest.mark.parametrize(
    ("answer", "blocked"),
    [
        ({}, ""),
        ({"stdout": "Remv tini [0.19]\nRemv runc [1]\nInst docker.io\n"}, ""),
        (
            {"stdout": "Remv tini [0.19]\nRemv podman-docker [4]\n"},
            f"docker.io {NEW} would remove podman-docker",
        ),
        (
            {"retcode": 100, "stderr": "W: x\nE: held broken packages."},
            f"apt cannot install docker.io {NEW}: E: held broken packages.",
        ),
    ],
)
def test_a_dry_run_of_the_installation(made, answer, blocked):
    module, _ = made
    found, asked = dry_run(module, **answer)
    assert found == blocked
    assert asked == [
        ["apt-get", "-q", "-s", "-y", "--allow-downgrades", "install"]
        + [f"docker.io={NEW}", "docker-cli", "runc"]
    ]


def test_no_dry_run_where_nothing_is_to_be_installed(made):
    module, host = made
    host.offered = [OLD]
    assert dry_run(module) == ("", [])
    assert "blocked" not in module.look()


def test_services_that_mount_the_socket(made):
    module, _ = made

    def spec(name, source):
        container = {"Image": "traefik:2.9@sha256:1", "Mounts": [{"Source": source}]}
        return {"Spec": {"Name": name, "TaskTemplate": {"ContainerSpec": container}}}

    services = [spec("a", "/srv"), spec("b", "/run/docker.sock"), {"Spec": {"Name": "c"}}]
    services.append(spec("d", "/var/run/docker.sock"))
    answers = {"service_list": services, "network_list": []}
    module.__salt__.update(
        {"swarm_core.call": answers.get, "swarm.cluster": lambda: {"autolock": False}}
    )
    assert module.proof([])["sockets"] == ["b (traefik:2.9)", "d (traefik:2.9)"]


def test_install_and_restart_by_one_command(made):
    """A minion that is killed between a stop and a start would leave docker stopped."""
    module, host = made
    done = module.install(NEW)
    assert done == {
        "installed": {"old": OLD, "new": NEW},
        "engine": {"old": "26.1.5", "new": "28.5.2"},
    }
    assert host.done == [
        ("install", [{"docker.io": NEW}, "docker-cli", "runc"], {}),
        "starts forgotten",
        ("systemctl", "--no-block", "restart", "docker.socket", "docker", "containerd"),
    ]
    host.done.clear()
    module.install(NEW)
    assert host.done == [], "again nothing"
    host.engine = "26.1.5+dfsg1"
    module.install(NEW)
    assert [one[0] for one in host.done[1:]] == ["systemctl"], "only the restart"


def test_a_download_installs_nothing(made):
    module, host = made
    module.prefetch(NEW)
    assert host.done[0][2] == {"downloadonly": True} and host.version == OLD


def test_an_engine_that_does_not_come_up(made):
    module, host = made
    host.comes_up = False
    with pytest.raises(
        CommandExecutionError, match="docker 28.5.2 did not come up in 0.01 s: docker 26.1.5 runs"
    ):
        module.install(NEW, seconds=0.01)


def test_a_manager_that_locks_itself(made):
    module, host = made
    host.states = ["active", "locked", "active"]
    with pytest.raises(CommandExecutionError, match="this manager locked itself"):
        module.unlock()
    vars(module)["__pillar__"] = {"swarm": {"unlock": {"key_file": "/root/swarm.key"}}}
    module.install(NEW)
    assert ("unlock", {"key_file": "/root/swarm.key"}) in host.done


def test_a_file_that_asks_for_a_reboot(made, tmp_path):
    module, _ = made
    file = tmp_path / "patched"
    assert module.look(packages=False, when=str(file))["reboot"] == ""
    file.touch()
    assert module.look(packages=False, when=str(file))["reboot"] == f"{file} is there"
    # The first process began after it.
    stats = {"/proc/stat": f"cpu 1\nbtime {int(file.stat().st_ctime) - 100}\n"}
    read = module._read
    vars(module)["_read"] = lambda path: stats.get(path) or read(path)
    begun = ["0"] * 19 + [str(101 * os.sysconf("SC_CLK_TCK")), "0"]
    stats["/proc/1/stat"] = f"1 (a) b) {' '.join(begun)}"
    assert module.look(packages=False, when=str(file))["reboot"] == ""


def test_blockers_that_are_not_services(made):
    module, _ = made
    asked = []

    def call(operation, query=None):
        asked.append((operation, query))
        return [{"Spec": {"Name": "db"}}, {"Spec": {"Name": "bd-old"}}] if query else []

    module.__salt__.update({"swarm_core.call": call, "swarm.cluster": lambda: {"autolock": False}})
    assert module.proof([], blockers=["db", "bd"])["unknown"] == ["bd"]
    assert ("service_list", {"filters": {"name": ["db", "bd"]}}) in asked
    assert module.proof([])["unknown"] == []
    with pytest.raises(CommandExecutionError, match="names bd, which is not a service"):
        module.proof([], allow=["bd", "db"])
