# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: one host after the other
===========================================

The state of ``docker.upgrade`` and ``docker.reboot``. It runs on the master; ``docker/run.jinja``
brings this file there. It belongs to the name ``swarm``.

:maturity: new
:depends: the execution modules ``swarm_roll``, ``swarm_roll_report`` and ``swarm_renewal``; ``swarm`` and
    ``swarm_upgrade`` on the minions

.. versionadded:: 0.1.0
"""

import contextvars
import functools
import time

__virtualname__ = "swarm"

# A third of the time after which the cluster's lock ends without a renewal.
RENEW_SECONDS = 40
SETTLE_SECONDS = 90
POLL_SECONDS = 2
# A node is ready a second or two after its engine.
READY_SECONDS = 0.5
# Names in ignore that are not those of checks.
OWN_FAULTS = ("quorum-margin", "encrypted-mix", "window", "images")


def __virtual__():
    return __virtualname__


class _Stop(Exception):
    """Raised when the run must end; ``args`` are the lines that say why, by host."""


def rolled(
    name,
    managers,
    workers,
    what="upgrade",
    plan=None,
    confirm=True,
    ignore=(),
    stop=(),
    force=(),
    batch=1,
    zone="zone",
    canary=None,
    deadline=600,
    timeout=600,
    when="required",
    window=None,
    blockers=(),
    snapshot="",
    asked=None,
    notes=(),
    saltenv="base",
    **kwargs,
):
    """
    Ensure all hosts of the swarm run the engine of pillar, or were rebooted, one after the other: each
    is emptied without a gap, changed, and returned to use, and the swarm must have no new fault before the
    next one. Managers come first, the one that leads last; its leadership is handed over first. The
    first failure stops everything.

    managers, workers
        Lists of minion ids.
    what
        ``upgrade`` or ``reboot``.
    plan
        The hash of the plan that was looked at before.
    confirm
        ``False``: without a hash.
    ignore
        Faults that do not count: ``quorum-margin``, ``encrypted-mix``, ``images`` (that cannot be
        pulled), checks of ``swarm.health`` or of ``swarm.preflight``; ``window``: the run begins now.
    stop
        Services whose tasks may be stopped.
    force
        ``downgrade``; for a reboot ``reboot``: also hosts that need none.
    batch
        How many workers at once: a number, or a percentage such as ``20%``.
    zone
        Node label; hosts with the same value are never in one batch.
    canary
        Dictionary of ``image`` and ``command``: the task that tries a host before it is used again.
    deadline
        Seconds to empty one host.
    timeout
        Seconds for one host to come back from a reboot.
    when
        Which hosts are rebooted: ``always``, ``required``, or the path of a file.
    window
        Pillar ``swarm:window``: when a host may begin. A run that meets its end is a success.
    blockers
        Services during whose updates no host begins.
    snapshot
        An SLS that one manager applies before the first host is emptied.
    asked
        What was given on the command line beside the plan, which the plan's own command repeats.
    saltenv
        Where the hosts get the modules from, if they have none.

    .. code-block:: yaml

        all engines:
          swarm.rolled:
            - managers: [manager1]
            - workers: [worker1]
    """
    ret = {"name": name, "changes": {}, "result": True, "comment": ""}
    ret.update(steps=[], refused={}, notes=list(notes))
    lists = {"managers": managers, "workers": workers, "ignore": ignore}
    lists.update(stop=stop, force=force, blockers=blockers)
    roll = {key: list(value or ()) for key, value in lists.items()}
    roll.update(what=what, batch=batch, zone=zone, deadline=deadline, timeout=timeout)
    roll.update(when=when, window=window, snapshot=snapshot, waits="", asked=asked or {})
    roll.update(saltenv=saltenv, notes=ret["notes"], odd=[], done={}, canary=canary or {})
    try:
        _make_plan(roll)
        wanted = _wanted(roll)
        if not wanted:
            if not __opts__["test"]:
                _tidy_up(roll)
            count = len(roll["rows"])
            ret["comment"] = f"{count} host{'' if count == 1 else 's'}: nothing to do"
            return ret
        shown = __salt__["swarm_roll_report.shown"](roll)
        if __opts__["test"]:
            ret.update(result=None, steps=[__salt__["swarm_roll_report.step"](wanted, None)])
            ret["comment"] = shown[-1]
            ret["notes"] += shown
            ret["changes"] = __salt__["swarm_roll_report.changes"](wanted)
            return ret
        if confirm and plan != roll["plan"]:
            raise _Stop(
                "plan",
                [f"pillar swarm_plan is {plan}, but the plan is another one now"] if plan else [],
                shown,
            )
        _run(roll)
        ret.update(__salt__["swarm_roll_report.ended"](roll, _wanted(roll)))
    except _Stop as exc:
        ret.update(__salt__["swarm_roll_report.stopped"](roll, *exc.args))
    return ret


# --- asking ---------------------------------------------------------------------------------------


def _ask(hosts, function, *args, **kwargs):
    """Return ``{host: (result, None or one line)}`` of a function on hosts."""
    answers = __salt__["saltutil.cmd"](
        list(hosts), function, arg=list(args), kwarg=kwargs, tgt_type="list", expect_minions=True
    )
    return {host: __salt__["swarm_roll_report.answer"](answers.get(host)) for host in hosts}


def _call(host, function, *args, **kwargs):
    """Return what a function on one host returned; its error ends the run."""
    result, why = _ask([host], function, *args, **kwargs)[host]
    if why:
        raise _Stop(host, [f"{host}: {why}"])
    return result


def _look(roll):
    hosts = [*roll["managers"], *roll["workers"]]
    upgrade = roll["what"] == "upgrade"
    arguments = dict(refresh=upgrade, packages=upgrade, when=roll["when"], preflight=True)
    # A function, unlike a state, has the pillar of the minion's start.
    _ask(hosts, "saltutil.refresh_pillar", wait=True)
    before = time.time()
    answers = _ask(hosts, "swarm_upgrade.look", **arguments)
    bare = [host for host, (_, why) in answers.items() if "is not available" in (why or "")]
    if bare:
        # The modules are of this run; a run in test mode needs them, too.
        _ask(bare, "state.sls", "docker.extension", saltenv=roll["saltenv"], test=False)
        answers.update(_ask(bare, "swarm_upgrade.look", **arguments))
    wrong = __salt__["swarm_roll_report.unusable"](answers)
    if wrong:
        raise _Stop("plan", wrong)
    now = [before, time.time()]
    return {host: {**found, "asked": now} for host, (found, _) in answers.items()}


def _nodes(host):
    return {node["id"]: node for node in _call(host, "swarm.nodes")}


def _acting(roll, but=()):
    """Return a manager that is not worked on: of the newest version, if there is a choice."""
    serving = [row for row in roll["rows"] if row["role"] == "manager"]
    # The only one there is works on itself.
    left = [row for row in serving if row["host"] not in but] or serving
    return max(left, key=lambda row: row["host"] in roll["done"])["host"]


# --- the plan -------------------------------------------------------------------------------------


def _make_plan(roll):
    looks = _look(roll)
    faults = [
        f"{host}: docker is {found['state']}: run docker.bootstrap first"
        for host, found in looks.items()
        if found["state"] != "active"
    ]
    clusters = {found["cluster"] for found in looks.values() if found["cluster"]}
    serving = [host for host in roll["managers"] if looks[host]["role"] == "manager"]
    if faults or len(clusters) != 1 or not serving:
        raise _Stop(
            "plan", faults or ["the hosts of pillar are not one swarm: run docker.bootstrap first"]
        )
    known = _call(serving[0], "swarm_checks.table") if roll["ignore"] else []
    roll.update(__salt__["swarm_roll.ignored"](roll, [row["name"] for row in known], OWN_FAULTS))
    if roll["wrong"]:
        raise _Stop("plan", [roll["wrong"]])
    found = __salt__["swarm_roll.plan"](roll, looks, _nodes(serving[0]))
    if found["faults"]:
        raise _Stop("plan", found["faults"])
    roll.update(rows=found["rows"], plan=found["plan"])
    # Of two masters one goes; a run that was killed on this one has left the lock to the next of its plan.
    lock = f"{roll['plan']}-{str(__opts__['id']).replace(' ', '_')}"[:100]
    roll.setdefault("lock", lock)
    work = [row["id"] for row in roll["rows"] if row["how"] in ("upgrade", "reboot")]
    proof = None
    if work:
        arguments = {"allow": roll["stop"] or None, "blockers": roll["blockers"] or None}
        proof = _call(_acting(roll), "swarm_upgrade.proof", work, **arguments)
        roll["notes"] += [
            f"pillar swarm:blockers names {name}, which is not a service"
            for name in proof["unknown"]
        ]
    machine = __salt__["file.read"]("/etc/machine-id").strip() if roll["what"] == "reboot" else ""
    faults = __salt__["swarm_roll.faults"](roll, looks, proof, machine)
    if work:
        unfit = __salt__["swarm_roll.unfit"](roll, looks, proof)
        faults += unfit["errors"]
        roll["notes"] += unfit["warnings"]
    if work and not faults:
        window = _window(roll)
        faults = [window["fault"]] if window["fault"] else []
        roll["notes"] += [f"the window opens {window['opens']}"] if window["opens"] else []
    if faults:
        raise _Stop("plan", faults, __salt__["swarm_roll_report.table"](roll["rows"]))


# --- the run --------------------------------------------------------------------------------------


def _run(roll):
    first = _acting(roll)
    _lock(roll, first)
    try:
        with _renewed(roll):
            _plan_again(roll, first)
            _run_all(roll, first)
    finally:
        if roll["canary"]:
            _clear(roll)
        _unlock(roll)


def _run_all(roll, first):
    _clear(roll)
    roll["baseline"] = _call(first, "swarm.health", ignore=roll["unasked"] or None)
    work = _wanted(roll)
    _hold(roll, first)
    if not roll["waits"]:
        _prefetch(roll, first)
        _rehearse(roll, first)
        _snapshot(roll, first)
    batches = [[row] for row in work if row["manager"]]
    workers = [row for row in work if not row["manager"]]
    for rows in batches + __salt__["swarm_roll.batches"](roll, workers):
        _look_again(roll, rows)
        _hold(roll, _acting(roll))
        if roll["waits"]:
            # What an earlier run left half way is finished all the same.
            rows = [row for row in rows if row["how"] == "return"]
        for row in rows:
            if row["manager"]:
                _manager(roll, row)
        workers = [row for row in rows if not row["manager"]]
        if workers:
            _workers(roll, workers)


def _wanted(roll):
    return [row for row in roll["rows"] if row["how"] != "nothing"]


def _plan_again(roll, first):
    """Plan again if another run had the lock until now: what it did is not done twice."""
    if __salt__["swarm_roll.are_as_planned"](roll["rows"], _nodes(first)):
        return
    plan = roll["plan"]
    _make_plan(roll)
    roll["notes"][:] = dict.fromkeys(roll["notes"])
    if roll["plan"] != plan:
        raise _Stop("plan", ["another run changed the swarm meanwhile: look at the plan again"])


def _look_again(roll, rows):
    """Roles may have been changed by another hand since the plan was made, and nodes removed."""
    for host in [row["host"] for row in roll["rows"] if row["role"] == "manager"]:
        nodes, why = _ask([host], "swarm_hold.nodes", roll["lock"])[host]
        if not why:
            break
    else:
        raise _Stop(host, [f"{host}: {why}"])
    nodes = {node["id"]: node for node in nodes}
    gone = [row for row in rows if row["id"] not in nodes]
    if gone:
        lines = [f"{row['host']}: its node {row['id']} was removed meanwhile" for row in gone]
        raise _Stop(gone[0]["host"], lines)
    __salt__["swarm_roll.renew"](roll["rows"], nodes)


def _window(roll):
    wanted = roll["window"] if "window" not in roll["ignore"] else None
    return __salt__["swarm_roll.window"](wanted, time.time(), roll["deadline"])


def _hold(roll, acting):
    """Note why no host may begin now; then none begins in this run any more."""
    if roll["waits"]:
        return
    window = _window(roll)
    if not window["open"]:
        closed = (
            f"window closed at {roll['window']['to']}" if roll["done"] else "the window is closed"
        )
        roll["waits"] = f"{closed}; it opens {window['opens']}"
    elif roll["blockers"]:
        rows = _call(acting, "swarm.health", checks=["updates-settled"])
        busy = [row["text"] for row in rows if row["on"] in roll["blockers"]]
        roll["waits"] = f"pillar swarm:blockers: {busy[0]}" if busy else ""
    if roll["waits"]:
        roll["waits"] += f": run docker.{roll['what']} again then"


def _snapshot(roll, first):
    """One that does not lead, so that the swarm goes on if the SLS stops its engine."""
    if not roll["snapshot"]:
        return
    host = next((row["host"] for row in roll["rows"] if row["role"] == "manager"), first)
    given = {"saltenv": roll["saltenv"], "test": False}
    _, why = _ask([host], "state.sls", roll["snapshot"], **given)[host]
    if why:
        raise _Stop(host, [f"{host}: snapshot {roll['snapshot']}: {why}; no host was changed"])
    _well(roll, first)


def _lock(roll, first):
    given = [roll["lock"], f"docker.{roll['what']}", str(__opts__["id"]).replace(" ", "_")]
    _call(first, "swarm_core.core", "lock_take", *given, wait=0)


def _renewed(roll):
    """Renew the lock while the run lasts. A run that was killed keeps it for two minutes, no longer."""
    ask = functools.partial(_ask, roll["managers"], "swarm_hold.renew", roll["lock"])
    # Salt's dunders are of the context that loaded them.
    ask = functools.partial(contextvars.copy_context().run, ask)
    return __salt__["swarm_renewal.every"](RENEW_SECONDS, ask)


def _unlock(roll):
    for host in roll["managers"]:
        _, why = _ask([host], "swarm_core.core", "lock_release", roll["lock"])[host]
        if not why:
            return


def _tidy_up(roll):
    """Remove what a run of this plan has left that was killed at its end; not what others are at."""
    held = _call(_acting(roll), "swarm_core.core", "lock_get")
    if not held or held["run"] == roll["lock"]:
        _clear(roll)
    if held and held["run"] == roll["lock"]:
        _unlock(roll)


def _prefetch(roll, acting):
    found = __salt__["swarm_prefetch.run"](roll, acting, _ask)
    roll["notes"] += [line for _, line in found["warnings"]]
    if found["errors"]:
        raise _Stop(found["errors"][0][0], [line for _, line in found["errors"]])


def _drained(roll, row, why):
    return _Stop(row["host"], [__salt__["swarm_roll_report.drained"](roll["what"], row, why)])


def _empty(roll, row, acting, why=""):
    reason = f"docker.{roll['what']} {roll['plan']}{why and ': '}{why}"[:200]
    arguments = {"reason": reason, "deadline": roll["deadline"], "allow": roll["stop"] or None}
    _call(acting, "swarm.evict", row["id"], **arguments)


def _return(roll, rows, acting):
    """Give hosts back to use; one whose task failed is emptied again, and ends the run."""
    failed, lines = _tried(roll, rows, acting), []
    for row in rows:
        if row["host"] in failed:
            lines.append(_take_back(roll, row, acting, failed[row["host"]]))
        else:
            _give_back(roll, row, acting)
    if lines:
        raise _Stop(next(iter(failed)), lines)
    _well(roll, acting)


def _take_back(roll, row, acting, why):
    """Empty a host again whose task failed. Return what became of it."""
    try:
        _empty(roll, row, acting, why)
    except _Stop as exc:
        return f"{row['host']} takes tasks, but {why}; it was not emptied: {exc.args[1][0]}"
    return _drained(roll, row, why).args[1][0]


def _tried(roll, rows, acting):
    """Try hosts that are about to be given back, each by a task. Return why it failed, by host."""
    if not roll["canary"]:
        return {}
    return _try(roll, __salt__["swarm_roll.trial"](roll, rows, _nodes(acting)), acting)


def _try(roll, trial, acting):
    rows, peer = trial["rows"], trial["peer"]
    if not rows:
        return {}
    arguments = {**roll["canary"], "peer": peer["id"] if peer else None}
    given = [row["id"] for row in rows]
    found, why = _ask([acting], "swarm_canary.check", given, **arguments)[acting]
    to = f" with a task on {peer['host']}" if peer else ""
    return {
        row["host"]: f"its canary{to} failed: {why or found[row['id']]}"
        for row in rows
        if why or found[row["id"]]
    }


def _rehearse(roll, acting):
    """What fails before anything is changed is not a fault of a change."""
    if not roll["canary"]:
        return
    failed = _try(roll, __salt__["swarm_roll.rehearsal"](roll, _nodes(acting)), acting)
    if failed:
        raise _Stop("plan", [f"{host}: {why}; nothing was changed" for host, why in failed.items()])


def _clear(roll):
    """Remove what canaries have made, also those of a run that was killed."""
    why = ""
    for host in roll["managers"]:
        _, why = _ask([host], "swarm_canary.clear")[host]
        if not why:
            return
    note = f"what the canary has made is still there: {why}"
    roll["odd"] += [] if note in roll["odd"] else [note]


def _label(roll, row, acting, stage):
    labels = __salt__["swarm_roll.labels"](roll, row, stage)
    _call(acting, "swarm_core.core", "node_update", row["id"], {"Labels": labels})


def _give_back(roll, row, acting):
    _label(roll, row, acting, "done")
    _call(acting, "swarm.evict_undo", row["id"])
    roll["done"][row["host"]] = row["how"]


def _well(roll, acting):
    """Refuse to go on if the swarm has a fault that it did not have before."""
    arguments = {"wait": SETTLE_SECONDS, "baseline": roll["baseline"]}
    _, why = _ask([acting], "swarm.health", ignore=roll["unasked"] or None, **arguments)[acting]
    if why:
        raise _Stop(acting, [f"the swarm has new faults: {why}"])


def _work(roll, rows, acting):
    """Change hosts that are empty, side by side."""
    nodes = {node["id"]: node for node in _call(acting, "swarm_hold.nodes", roll["lock"])}
    for row in rows:
        if nodes[row["id"]]["availability"] != "drain":
            why = "was given back to use by somebody else meanwhile: run again"
            raise _Stop(row["host"], [f"{row['host']} {why}"])
    found = {}
    upgraded = [row for row in rows if row["how"] == "upgrade"]
    for target in sorted({row["target"] for row in upgraded}):
        hosts = [row["host"] for row in upgraded if row["target"] == target]
        found.update(_ask(hosts, "swarm_upgrade.install", target))
    reboots = [row for row in rows if row["how"] == "reboot"]
    if reboots:
        found.update(_reboot(roll, reboots, acting))
    for row in rows:
        _, why = found.get(row["host"], (None, None))
        if why:
            raise _drained(roll, row, why)


def _reboot(roll, rows, acting):
    """Reboot hosts; ``{host: (what it is now, or None, and why not)}``. Another boot id is the proof."""
    for row in rows:
        _label(roll, row, acting, "rebooted")
    found = _ask([row["host"] for row in rows], "swarm_upgrade.reboot")
    # A minion may have ended before its answer was sent.
    found = {host: one for host, one in found.items() if "did not answer" not in (one[1] or "")}
    found = {host: (None, why) for host, (_, why) in found.items() if why}
    end = time.monotonic() + roll["timeout"]
    while time.monotonic() < end:
        away = {row["host"]: row for row in rows if row["host"] not in found}
        if not away:
            break
        time.sleep(POLL_SECONDS)
        for host, (look, _) in _ask(away, "swarm_upgrade.look", packages=False).items():
            if look and look["boot"] != away[host]["boot"]:
                _add_rebooted(found, host, look)
    late = (None, f"it did not come back in {roll['timeout']} s")
    return {row["host"]: found.get(row["host"], late) for row in rows}


def _add_rebooted(found, host, look):
    if look["state"] == "active":
        found[host] = (look, None)
    elif look["state"] == "locked":
        _, why = _ask([host], "swarm_upgrade.unlock")[host]
        if why:
            found[host] = (None, why)


def _until_ready(roll, rows, acting):
    """Ready with the version, and of a manager also reachable: each alone is too early."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        nodes = _nodes(acting)
        late = [
            row for row in rows if not __salt__["swarm_roll.is_ready"](nodes.get(row["id"]), row)
        ]
        if not late:
            return
        if time.monotonic() > end:
            node = nodes.get(late[0]["id"]) or {}
            seen = f"{node.get('state', 'nowhere')} with docker {node.get('engine_version', '')}"
            why = f"the managers see it {seen} after {SETTLE_SECONDS} s"
            raise _drained(roll, late[0], why)
        time.sleep(READY_SECONDS)


def _manager(roll, row):
    acting = _acting(roll, [row["host"]])
    alone = acting == row["host"]
    if row["how"] != "return":
        _call(acting, "swarm.quorum", [] if alone else [row["id"]])
        _empty(roll, row, acting)
        others = sum(one["manager"] for one in roll["rows"]) - 1
        leads = _nodes(acting)[row["id"]]["leader"]
        if leads and others > 1:
            _hand_over(roll, row, acting)
        _work(roll, [row], acting)
    if row["role"] == "worker":
        _call(acting, "swarm.promote", row["id"])
        row["role"] = "manager"
    if row["how"] != "return":
        _until_ready(roll, [row], acting)
    _return(roll, [row], acting)


def _hand_over(roll, row, acting):
    """
    A demotion hands the leadership over at once; a restart of the leader costs an election, in which
    no write succeeds. It is over when the certificate says so: before, a restart may lock the host.
    """
    _label(roll, row, acting, "demoted")
    _call(acting, "swarm.demote", row["id"])
    row["role"] = "worker"
    end = time.monotonic() + SETTLE_SECONDS
    while _call(row["host"], "swarm_upgrade.certificate_role") != "worker":
        if time.monotonic() > end:
            raise _drained(roll, row, "it was demoted, but has the certificate of a manager still")
        time.sleep(1)


def _workers(roll, rows):
    acting = _acting(roll)
    work = [row for row in rows if row["how"] != "return"]
    for row in work:
        _empty(roll, row, acting)
    _work(roll, work, acting)
    _until_ready(roll, work, acting)
    _return(roll, rows, acting)
