# SPDX-License-Identifier: Apache-2.0
"""Facts as hosts publish them, and the plan that is drawn from them."""

RUN = "this-run"
IDS = ["manager1", "manager2", "manager3"]
ADDRESSES = {name: f"10.0.0.{n}:2377" for n, name in enumerate(IDS, 1)}
ALL = list(ADDRESSES.values())


def facts(name, state="inactive", run=RUN, **more):
    """An entry as ``swarm_facts.collect`` makes it."""
    return {
        "id": name,
        "run": run,
        "stamp": "stamp",
        "state": state,
        "role": "",
        "node_id": "",
        "name": name,
        "addresses": [ADDRESSES[name].partition(":")[0]] if name in ADDRESSES else [],
        "managers": [],
        "error": "",
        **more,
    }


def member(name, cluster="c1", **more):
    members = [f"node-{each}" for each in IDS]
    entry = facts(name, "active", role="manager", node_id=f"node-{name}", managers=ALL)
    if cluster:
        entry.update(cluster=cluster, digest=f"digest-{cluster}", members=members)
    return {**entry, **more}


def worker(name, **more):
    """Active, but as a worker of the cluster."""
    return member(name, cluster="", **{"role": "worker", **more})


def bare(**more):
    return {**{name: facts(name) for name in IDS}, **more}


def formed(**more):
    return {**{name: member(name) for name in IDS}, **more}


def plan(make_fleet):
    """``plan(entries, …)`` as ``host`` sees it; ``listening`` are the addresses that answer."""
    fleet = make_fleet(managers=3, workers=1)
    jobs = {}

    def ask(entries, host="worker1", run=RUN, test=False, without=None, listening=(), init=False):
        fleet.mine.clear()
        fleet.mine.update({name: {"swarm": entry} for name, entry in entries.items()})
        fleet.pillar.pop("init_without", None)
        if without:
            fleet.pillar["init_without"] = without
        kind = (host, run, test, tuple(without or ()))
        if kind not in jobs:
            given_run = {"id": run} if run else None
            jobs[kind] = fleet[host].job(test=test, run=given_run)
        job = jobs[kind]
        asked = []

        def reachable(addresses, timeout=3):
            asked.extend(addresses)
            return [address for address in addresses if address in listening]

        job.replace("swarm_core.reachable", reachable)
        for loader in (job.salt, job._inner()):
            # What this host is now is what its entry says, unless a test says otherwise.
            loader["swarm_facts.fresh"].func.__globals__["collect"] = lambda: dict(entries[host])
            loader["swarm_facts.collect"] = lambda: dict(entries[host])
        ask.asked = asked
        return job.salt["swarm_facts.plan"](init)

    return ask
