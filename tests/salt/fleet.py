# SPDX-License-Identifier: Apache-2.0
"""Minions with the project's modules, loaded by Salt's own loader, on hosts in memory.

Each job gets fresh loaders, as a job on a real minion does. What a job reads from and writes to the
master's mine goes down to the connection that would send it.
"""

import fnmatch
import itertools
import json

import fake_core
import fake_swarm
import rendered
import salt.loader
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from salt.exceptions import SaltReqTimeoutError
from salt.state import STATE_INTERNAL_KEYWORDS

_CHUNKS = {}
_KEYS = {}
_RUNS = itertools.count(1)


def private_key(number):
    """The same RSA key for the same number; making one takes long."""
    if number not in _KEYS:
        _KEYS[number] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return _KEYS[number]


def public_pem(key):
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


class Job:
    """The functions of one job on one minion.

    salt, states
        Salt's loaders.
    """

    def __init__(self, minion, test=False, run=None, pillar=None):
        self.minion = minion
        pillar = {"swarm": dict(minion.fleet.pillar), **(pillar or {})}
        if run:
            pillar["swarm_run"] = run
        opts = minion.opts(test=test, pillar=pillar)
        self.salt = salt.loader.minion_mods(opts)
        self.states = salt.loader.states(opts, self.salt, utils={}, serializers={})
        # The real one: what it reads lies on a disk, which machines in memory have not.
        self.certificate = self.salt["swarm.certificate"].func
        # Salt 3008 has two loaders, one of them for what modules call by __salt__.
        for loader in {id(one): one for one in (self.salt, self._inner())}.values():
            self._prepare(loader)
        self.states["swarm.joined"].func.__globals__["SEALED_SECONDS"] = 0
        self.states["swarm.converged"].func.__globals__["READY_SECONDS"] = 0

    def _inner(self):
        return getattr(self.salt, "_dunder_salt", self.salt)

    def _prepare(self, loader):
        minion = self.minion
        loader["swarm_core.core"].func.__globals__.update(_CORE=minion.core, _CORE_ERROR=None)
        loader["swarm_facts.collect"].func.__globals__.update(LEADER_SECONDS=0)
        loader["swarm_state_dir.engine_trace"].func.__globals__.update(HOST=str(minion.host()))
        loader["swarm.certificate"] = minion.machine.certificate
        loader["swarm_mine.read"].func.__globals__["_connection"] = minion.fleet.connect
        loader["pillar.items"] = lambda **_: {"swarm": minion.fleet.pillar}

    def replace(self, function, instead):
        """Let a function of the execution modules be another one, for all who call it."""
        for loader in (self.salt, self._inner()):
            loader[function] = instead

    def state(self, function, **arguments):
        """What a state function returns, after a look at its form."""
        ret = self.states[f"swarm.{function}"](name=function, **arguments)
        check_contract(ret, test=bool(self.minion.last_opts["test"]))
        self.minion.fleet.seen.append(ret)
        return ret


def check_contract(ret, test):
    """The contract of a state's return, that holds whatever the state is."""
    assert set(ret) - {"warnings"} == {"name", "result", "changes", "comment"}
    assert isinstance(ret.get("warnings", []), list)
    assert isinstance(ret["changes"], dict)
    assert isinstance(ret["comment"], str) and ret["comment"]
    assert "\n" not in ret["comment"] and "Traceback" not in ret["comment"]
    if ret["result"] is None:
        assert test, "None is for test mode only"
        assert ret["changes"], "None without a predicted change"
    elif ret["result"] is True and test:
        assert not ret["changes"], "a change in test mode"
    else:
        assert ret["result"] in (True, False)


class Minion:
    """One minion of the fleet, on one machine."""

    def __init__(self, fleet, name, machine, key):
        self.fleet, self.id, self.machine, self.key = fleet, name, machine, key
        self.core = fake_core.Core(machine)
        self.root = fleet.root / name
        machine.root = self.root / "docker"
        (self.root / "pki").mkdir(parents=True)
        (self.root / "pki/minion.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        self.last_opts = None
        self.interfaces = {}  # beside eth0: addresses by names

    def opts(self, **more):
        grains = {
            "id": self.id,
            "nodename": self.machine.name,
            "ip4_interfaces": {
                "lo": ["127.0.0.1"],
                "eth0": [self.machine.address],
                "docker0": ["172.17.0.1"],
                **self.interfaces,
            },
            **rendered.DEBIAN,
        }
        self.last_opts = rendered.minion_opts(
            self.root, self.id, file_client="remote", grains=grains, **more
        )
        return self.last_opts

    def host(self):
        """The root folder of its host, with an engine's program where it has an engine."""
        root = self.root / "host"
        program = root / "usr/bin/dockerd"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.unlink(missing_ok=True)
        if self.machine.docker != "absent":
            program.touch()
        return root

    def job(self, **kwargs):
        return Job(self, **kwargs)


class Fleet:
    """A master's minions, their mine, and the bootstrap of ``docker/bootstrap.sls`` over them.

    root
        Folder for the minions' files (``pathlib.Path``).
    pillar
        The pillar ``swarm`` of every minion.
    down
        Ids of minions that do not answer.
    mine
        ``{minion id: {alias: data}}``
    seen
        What the states returned, all of it.
    """

    def __init__(self, root, managers=3, workers=2):
        self.root = root
        self.network = fake_swarm.Network()
        self.minions = {}
        self.down = set()
        self.mine = {}
        self.mine_off = False
        self.refuse_writes = False
        self.connections = []
        self.seen = []
        names = [f"manager{n}" for n in range(1, managers + 1)]
        self.pillar = {"managers": names, "workers": ["worker*"], "advertise": "eth0"}
        for name in names:
            self.add(name)
        for number in range(1, workers + 1):
            self.add(f"worker{number}")

    def add(self, name, docker="running"):
        """A new host with a minion of that name."""
        number = len(self.minions) + 1
        machine = fake_swarm.Machine(self.network, name, f"10.0.0.{number}", docker)
        self.minions[name] = Minion(self, name, machine, private_key(number))
        return self.minions[name]

    def form(self):
        """A swarm of all hosts as a bootstrap leaves it, made without one; the mine is empty."""
        cluster = fake_swarm.Cluster(self.network)
        for name, minion in self.minions.items():
            manager = name in self.pillar["managers"]
            role = "manager" if manager else "worker"
            cluster.add(minion.machine, role, "drain" if manager else "active")
        return self

    def __getitem__(self, name):
        return self.minions[name]

    def connect(self):
        """A connection to the master, as one request after the other goes over it."""
        self.connections.append(Connection(self))
        return self.connections[-1]

    def new_run(self):
        """Pillar ``swarm_run``, as docker.bootstrap makes it for the manager that seals."""
        without = self.pillar.get("init_without") or []
        managers = [name for name in self.pillar["managers"] if name not in without]
        workers = [
            name
            for name in self.minions
            if name not in self.pillar["managers"]
            and any(fnmatch.fnmatch(name, pattern) for pattern in self.pillar["workers"])
        ]
        return {
            "id": f"run{next(_RUNS)}",
            "managers": list(managers),
            "workers": list(workers),
            "keys": {name: public_pem(self[name].key) for name in [*managers, *workers]},
        }

    def apply(self, name, sls, run, test, exclude=()):
        """The swarm states of an SLS on one minion: ``{state id: return}``, requisites obeyed."""
        done = {}
        chunks = self._chunks(sls, exclude, {"settles": True} if run and run.get("settles") else {})
        job = self[name].job(test=test, run=run)
        for chunk in chunks:
            wanted = [one["swarm"] for one in chunk.get("require", []) if "swarm" in one]
            if any(done[state]["result"] is False for state in wanted):
                done[chunk["__id__"]] = {"result": False, "changes": {}, "comment": "requisite"}
                continue
            arguments = {
                key: value
                for key, value in chunk.items()
                if not key.startswith("__") and key not in (*STATE_INTERNAL_KEYWORDS, "name")
            }
            done[chunk["__id__"]] = job.state(chunk["fun"], **arguments)
        return done

    def _chunks(self, sls, exclude, run):
        """The swarm chunks of an SLS; what it renders to depends on pillar alone."""
        wanted = json.dumps([sls, exclude, self.pillar, run])
        if wanted not in _CHUNKS:
            opts = rendered.minion_opts(self.root / "render", "minion")
            chunks = rendered.low(
                opts, {"swarm": self.pillar, "swarm_run": run}, sls, exclude=exclude
            )
            _CHUNKS[wanted] = [chunk for chunk in chunks if chunk["state"] == "swarm"]
        return _CHUNKS[wanted]

    def bootstrap(self, test=False):
        """The four steps. Returns ``{"ready", "cluster", "workers", "converged"}``, each
        ``{minion id: {state id: return}}`` for the minions that answered, and ``ok``.
        """
        run = self.new_run()
        managers, workers = list(run["managers"]), list(run["workers"])
        steps, good = {}, {}

        def step(name, hosts, sls, known, exclude=()):
            given = {key: run[key] for key in ("id", *known)}
            answers = {
                host: self.apply(host, sls, given, test, exclude)
                for host in hosts
                if host not in self.down
            }
            steps[name] = answers
            good[name] = len(answers) == len(hosts) and all(
                ret["result"] is not False for done in answers.values() for ret in done.values()
            )
            return good[name]

        names = ("managers", "workers")
        step("ready", managers, "docker.mine", names)
        # Managers run side by side, and wait for the one that leads; here it goes first.
        plan = self[managers[0]].job(test=test, run=run).salt["swarm_facts.plan"]()
        managers.sort(key=lambda name: name != plan["lead"])
        without = [{"sls": "docker.engine"}, {"sls": "docker.mine"}]
        # So do workers, where one of them still leads the managers' raft group.
        workers.sort(key=lambda name: not self[name].machine.leads())
        if step("cluster", managers, "docker.manager.cluster", (*names, "keys"), without):
            step("workers", workers, "docker.worker.join", ())
            step("converged", run["managers"][:1], "docker.verify", names)
        steps["ok"] = all(good.values()) and len(good) == 4
        return steps

    def rows(self, name="manager1"):
        """[(host name, role, state, availability)] as this manager sees them, sorted."""
        rows = self[name].job().salt["swarm.nodes"]()
        return sorted((r["hostname"], r["role"], r["state"], r["availability"]) for r in rows)

    def clusters(self):
        return {m.machine.cluster.id for m in self.minions.values() if m.machine.cluster}


class Connection:
    """What the master answers about the mine."""

    def __init__(self, fleet):
        self.fleet = fleet
        self.open = True

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.open = False

    def send(self, load):
        assert self.open, "a request over a closed connection"
        fleet = self.fleet
        if load["cmd"] == "_mine":
            assert load["clear"] is False
            if fleet.refuse_writes:
                raise SaltReqTimeoutError("Message timed out")
            if not fleet.mine_off:
                fleet.mine.setdefault(load["id"], {}).update(load["data"])
            return True
        assert load["cmd"] == "_mine_get"
        if load["tgt_type"] != "list":
            assert (load["tgt"], load["tgt_type"]) == ("*", "glob"), "exact minion ids, or all"
        return {
            minion: fleet.mine[minion][load["fun"]]
            for minion in (fleet.mine if load["tgt"] == "*" else load["tgt"])
            if load["fun"] in fleet.mine.get(minion, {})
        }


def changes(steps):
    """The swarm changes of a bootstrap, in one dict: ``{(minion, state): changes}``."""
    return {
        (minion, state): ret["changes"]
        for name, answers in steps.items()
        if name != "ok"
        for minion, done in answers.items()
        for state, ret in done.items()
        if ret["changes"]
    }


def failures(steps):
    """What went wrong in a bootstrap: ``{(step, minion, state): comment}``."""
    return {
        (name, minion, state): ret["comment"]
        for name, answers in steps.items()
        if name != "ok"
        for minion, done in answers.items()
        for state, ret in done.items()
        if ret["result"] is False
    }


def state(fleet, minion, function, test=False, run=None, **arguments):
    """One state in a job of its own."""
    return fleet[minion].job(test=test, run=run).state(function, **arguments)


def predicted(fleet, minion, function, **arguments):
    """Test mode, then the real run: the same changes, and a third run changes nothing."""
    machine = fleet[minion].machine
    before = list(machine.changed_by())
    expected = state(fleet, minion, function, test=True, **arguments)
    assert expected["result"] is None
    assert machine.changed_by() == before, "test mode changed the swarm"
    real = state(fleet, minion, function, **arguments)
    assert real["result"] is True, real
    assert real["changes"] == expected["changes"]
    again = state(fleet, minion, function, **arguments)
    assert (again["result"], again["changes"]) == (True, {})
    return real
