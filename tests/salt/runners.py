# SPDX-License-Identifier: Apache-2.0
"""The runner as salt-run calls it: its functions, with Salt's answers and a fleet behind them."""

import traceback

import rendered
import salt.client
import salt.loader
import salt.output
import salt.wheel
from salt.exceptions import CommandExecutionError, SaltInvocationError

PILLAR = {"swarm": {"managers": ["manager1", "manager2", "manager3"], "workers": ["worker*"]}}


def runner(tmp_path):
    """Loads the runner; ``runner(**instead)`` gives its functions, with other ones it calls."""

    def load(**instead):
        opts = rendered.minion_opts(
            tmp_path, "master_master", runner_dirs=[str(rendered.STATES / "_runners")]
        )
        loader = salt.loader.runner(opts)
        if "__salt__" in instead:
            own = {name: loader[name] for name in loader if name.startswith("swarm")}
            instead["__salt__"] = {**own, **instead["__salt__"]}
        context = {}
        for globals_ in namespaces(loader):
            theirs = {name: new for name, new in instead.items() if name in globals_}
            globals_.update({"__context__": context, **theirs})
        return loader

    return load


def namespaces(loader):
    """The globals of each file of the runner."""
    found = {}
    for name in list(loader):
        if name.startswith("swarm"):
            globals_ = loader[name].func.__globals__
            found[globals_["__file__"]] = globals_
    return found.values()


def state(result, comment, changes=None, run=0, id_="docker-x"):
    return {
        "__id__": id_,
        "__run_num__": run,
        "name": id_,
        "result": result,
        "comment": comment,
        "changes": changes or {},
    }


def ran(*steps, **more):
    """What state.orchestrate returns: the one state of an orchestration, as swarm.orchestrated makes it."""
    own = {**state(True, "fine"), "steps": list(steps), "refused": {}, "notes": [], **more}
    return {
        "data": {"master_master": {"swarm_|-docker-x_|-docker-x_|-orchestrated": own}},
        "retcode": 0,
    }


def step(name, **hosts):
    return {"name": name, "hosts": hosts}


def call(loader, name, *args, **kwargs):
    """A function of the runner as salt-run calls it; what salt-run makes of its return."""
    function = loader[f"swarm.{name}"].func
    found = function(*args, **kwargs)
    assert found["retcode"] == function.__globals__["__context__"]["retcode"]
    assert "data" not in found, "salt-run would judge by that"
    assert "Traceback" not in str(found)
    return found


def accept(monkeypatch, minions, keyless=()):
    """Let the master have accepted the keys of these minions, but not of those without a key."""

    class Wheel:
        functions = ()

        def __init__(self, opts):
            pass

        def cmd(self, function, arg, **_):
            assert function == "key.print" and isinstance(arg[0], list)
            return {"return": {"minions": dict.fromkeys(set(minions) - set(keyless), "key")}}

    monkeypatch.setattr(salt.wheel, "WheelClient", Wheel)


def status(runner, fleet, monkeypatch, pillar=None, function="status", args=(), **kwargs):
    """swarm.status on the minions of a fleet, whose own pillar is older than the master's."""
    if pillar is None:
        pillar = {"swarm": {**fleet.pillar, **PILLAR["swarm"], "tls": {"key": "/not sent"}}}
    now = {key: fleet.pillar.pop(key) for key in set(fleet.pillar) - set(PILLAR["swarm"])}

    class Local:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def cmd(self, hosts, functions, arguments, tgt_type, timeout=None, kwarg=None):
            assert tgt_type == "list" and "not sent" not in repr(arguments)
            # As Salt's client, of which nothing may come between the lines of JSON.
            print("what the client has to say")
            found = {}
            if isinstance(functions, str):
                return self._one(hosts, functions, arguments, kwarg)
            for host in hosts:
                if host in fleet.minions and host not in fleet.down:
                    job = fleet[host].job()
                    job.replace("swarm.certificate", lambda: dict(fleet.certificate))
                    found[host] = {
                        one: self._call(job, one, given)
                        for one, given in zip(functions, arguments, strict=True)
                    }
            return found

        def _one(self, hosts, function, arguments, kwarg):
            """A job of one function: what a minion says of an error is its text."""
            found = {}
            for host in hosts:
                if host in fleet.minions and host not in fleet.down:
                    try:
                        found[host] = fleet[host].job().salt[function](*arguments, **kwarg)
                    except SaltInvocationError as exc:
                        found[host] = f"ERROR executing '{function}': {exc}"
                    except CommandExecutionError as exc:
                        found[host] = f"ERROR: {exc}"
                    except TypeError as exc:
                        found[host] = f"Passed invalid arguments to {function}: {exc}\n\n    docs"
            return found

        def _call(self, job, function, given):
            try:
                # Salt adds its own to the arguments, where a function takes any.
                own = {"__pub_jid": "1"} if function == "swarm_drift.cluster_drift" else {}
                return job.salt[function](*given, **own)
            except Exception:
                # As a minion's job of several functions.
                return traceback.format_exc()

    monkeypatch.setattr(salt.client, "get_local_client", lambda **_: Local())
    accept(monkeypatch, fleet.minions, fleet.keyless)
    loader = runner(__salt__={"pillar.show_pillar": lambda minion: pillar})
    found = call(loader, function, *args, **kwargs)
    fleet.pillar.update(now)
    return found


def printed(tmp_path, found, **opts):
    """As salt-run prints what a runner returned."""
    opts = rendered.minion_opts(tmp_path, **opts)
    out = found.get("outputter")
    return salt.output.string_format(found, out, opts)


def formed(fleet):
    """A formed fleet, with what status asks of a host beside its engine."""
    fleet.form()
    fleet.certificate = {"until": "2027-01-01T00:00:00Z", "days_left": 0, "overdue": False}
    fleet.keyless = set()
    return fleet
