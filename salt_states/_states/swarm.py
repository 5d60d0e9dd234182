# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: how a host gets into the cluster
===================================================

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts``

.. versionadded:: 0.1.0

The states by which a host gets into a swarm, of ``docker.bootstrap`` and of highstates between its
runs; ``swarm_member.py`` has those of a host that is in. Run again they change nothing. What they compare and decide comes from
the engine, and from the facts that the managers of pillar publish. In test mode each predicts the
changes of the real run.
"""

import contextlib
import time

from salt.exceptions import CommandExecutionError, SaltInvocationError

# For the manager that leads to make a swarm, or to remove dead members, and to seal the tokens.
SEALED_SECONDS = 150

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


@contextlib.contextmanager
def _reported(ret, then=None):
    """
    Turn an error of the modules into the state's one-line reason; then ``then(ret)`` is called.
    Everything uses one connection to the mine.
    """
    __salt__["swarm_mine.hold"]()
    try:
        try:
            yield
        except (CommandExecutionError, SaltInvocationError) as exc:
            ret["result"] = False
            ret["comment"] = str(exc)
        if then:
            then(ret)
    finally:
        __salt__["swarm_mine.release"]()


def _new(name):
    return {"name": name, "result": True, "changes": {}, "comment": ""}


def _would(ret, changes, comment):
    ret.update(result=None, changes=changes, comment=comment)


def _member_change(old, role):
    return {"swarm": {"old": "inactive" if old == "absent" else old, "new": role}}


def _plan(init=False, known=False):
    plan = __salt__["swarm_facts.plan"](init, known)
    if plan["action"] == "refuse":
        raise CommandExecutionError(plan["reason"])
    return plan


def _run_id():
    return __salt__["swarm_facts.run"]()["id"]


def initialized(
    name,
    advertise_addr=None,
    listen_addr=None,
    data_path_addr=None,
    data_path_port=None,
    default_addr_pool=None,
    subnet_size=None,
    availability="drain",
    init=False,
    **kwargs,
):
    """
    Ensure the cluster of pillar ``swarm:managers`` exists. The first of them creates it, and only
    if no swarm can be alive elsewhere; on the others the comment says who leads.

    name
        Any text.
    advertise_addr, listen_addr, data_path_addr, data_path_port, default_addr_pool, subnet_size
        As for :py:func:`swarm.init <salt.modules.swarm.init>`; used only when a swarm is made.
    availability
        Of the first manager, from its first moment.
    init
        ``True``, outside a bootstrap run: confirm that a new swarm may be created. ``beside``, also
        in a run: create a second one, although managers that pillar does not name answer.

    .. code-block:: yaml

        the swarm:
          swarm.initialized:
            - advertise_addr: eth0
    """
    ret = _new(name)
    with _reported(ret, _tell_of_failure):
        __salt__["swarm_schema.require"](
            kwargs,
            advertise_addr=advertise_addr,
            listen_addr=listen_addr,
            data_path_addr=data_path_addr,
            data_path_port=data_path_port,
            default_addr_pool=default_addr_pool,
            subnet_size=subnet_size,
            availability=availability,
            init=init,
        )
        __salt__["swarm_schema.refuse"]()
        plan = _plan(init, known=True)
        if plan["action"] == "handover":
            ret["comment"] = "the cluster is there; hosts that are its managers promote pillar's"
        elif plan["lead"] != __opts__["id"]:
            ret["comment"] = f"{plan['lead']} leads this run"
        elif plan["action"] == "exists":
            ret["comment"] = f"this host is a manager of the cluster {plan['cluster']}"
            ret["comment"] += _who_will_be_drained()
        else:
            if _has_others():
                _check_addresses(advertise_addr, data_path_addr)
            if __opts__["test"]:
                _would(ret, _member_change("inactive", "manager"), "a new swarm would be made here")
                return ret
            made = __salt__["swarm.init"](
                advertise_addr=advertise_addr,
                listen_addr=listen_addr,
                data_path_addr=data_path_addr,
                data_path_port=data_path_port,
                default_addr_pool=default_addr_pool,
                subnet_size=subnet_size,
                availability=availability,
            )
            _verify(made["node_id"], "manager")
            ret["changes"] = _member_change("inactive", "manager")
            ret["comment"] = f"made the cluster {made['cluster_id']}, node {made['node_id']}"
    return ret


def _has_others():
    run = __salt__["swarm_facts.run"]()
    return len({*__salt__["swarm_facts.manager_ids"](), *run["managers"], *run["workers"]}) > 1


def _check_addresses(advertise_addr, data_path_addr):
    """Refuse an address that the others cannot reach, before a swarm is created or joined."""
    for key, given in (("advertise", advertise_addr), ("data_path", data_path_addr)):
        reason = __salt__["swarm_facts.why_no_address"](given, key)
        if reason:
            raise CommandExecutionError(reason)


def _who_will_be_drained():
    """Return the managers of a swarm made by hand that take tasks now and will be drained."""
    facts = __salt__["swarm_facts.fresh"](__salt__["swarm_facts.manager_ids"](), known=True)
    rows = {row["id"]: row for row in __salt__["swarm.nodes"]()}
    names = [
        name
        for name, entry in facts.items()
        if rows.get(entry["node_id"], {}).get("availability", "drain") != "drain"
        and not __salt__["swarm_facts.named"](name)["availability"]
    ]
    if not names:
        return ""
    return (
        f"; managers that take tasks now are drained in this run: {', '.join(names)} (to keep one"
        " active give it availability: active in pillar swarm:nodes)"
    )


def _tell_of_failure(ret):
    """Publish why the leading manager failed: the others wait for it, and stop with that reason."""
    if ret["result"] is False and _run_id() and not __opts__["test"]:
        with contextlib.suppress(CommandExecutionError, SaltInvocationError):
            __salt__["swarm_facts.publish"](error=ret["comment"], confirm=False)


def _verify(node_id, role):
    info = __salt__["swarm.info"]()
    if (info["state"], info["role"], info["node_id"]) != ("active", role, node_id):
        raise CommandExecutionError(
            f"docker reported that this host is in, but it is {info['state']} {info['role']}:"
            f" {info['error'] or 'no reason given'}"
        )


def joined(
    name,
    role="worker",
    advertise_addr=None,
    listen_addr=None,
    data_path_addr=None,
    availability=None,
    remote_addrs=None,
    token_file=None,
    token_pillar=None,
    token_sdb=None,
    timeout=None,
    **kwargs,
):
    """
    Ensure this host is a member of the cluster of pillar ``swarm:managers``: its node id is in
    their list. A pending join is waited for, then repeated. An orphan, which is no longer in the
    list, leaves and joins. A host in another swarm is not touched, and fails. In a bootstrap a
    worker that pillar made a manager waits until the leading manager has promoted it, and a manager
    that pillar made a worker demotes itself, unless that would lose the quorum.

    name
        Any text.
    role
        ``worker`` or ``manager``.
    advertise_addr, listen_addr, data_path_addr, availability
        As for :py:func:`swarm.join <salt.modules.swarm.join>`; the availability is that of pillar
        ``swarm:nodes`` unless given, and ``drain`` for a host that pillar gives labels.
    remote_addrs
        Managers to join, instead of those that the facts name.
    token_file, token_pillar, token_sdb
        Where the join token is, instead of the sealed one of a bootstrap run. With ``remote_addrs``
        no facts are read or published, as for a masterless minion; an active host is then assumed
        to be a member, because nothing can prove it.
    timeout
        Seconds for the join (120).

    .. code-block:: yaml

        this host in the swarm:
          swarm.joined:
            - role: worker
            - advertise_addr: eth0
    """
    ret = _new(name)
    given = {"token_file": token_file, "token_pillar": token_pillar, "token_sdb": token_sdb}
    source = {key: value for key, value in given.items() if value}
    options = {
        "remote_addrs": remote_addrs,
        "role": role,
        "advertise_addr": advertise_addr,
        "listen_addr": listen_addr,
        "data_path_addr": data_path_addr,
        "availability": availability,
        "timeout": timeout,
    }
    by_hand = bool(source and remote_addrs)
    first = {"drained": False}

    def publish_outcome(ret):
        _publish_outcome(ret, first["drained"])

    with _reported(ret, None if by_hand else publish_outcome):
        __salt__["swarm_schema.require"](kwargs, **{**options, **given, "role": role or ""})
        __salt__["swarm_schema.refuse"]()
        facts = __salt__["swarm_facts.collect"]()
        known = {"action": "exists", "members": None, "digest": None}
        if not by_hand and (source or remote_addrs):
            _check_pillar_is_there(source)
        plan = known if by_hand else _plan_to_join(facts, role)
        _joined(ret, facts, plan, options, source, first)
    return ret


def _check_pillar_is_there(source):
    """
    Refuse half of what a join by hand needs if pillar names no managers that could supply the rest.
    """
    if not (__pillar__.get("swarm") or {}).get("managers"):
        left = "remote_addrs" if source else "one of token_file, token_pillar, token_sdb"
        raise CommandExecutionError(
            f"give {left}, too: no pillar swarm:managers is here whose facts could say it"
        )


def _plan_to_join(facts, role):
    """
    Return the plan; a manager waits until the leading one has sealed the tokens, because both do
    their part of one job in parallel. A member does not wait, nor does test mode, nor a host
    without a run.
    """
    if facts["state"] in ("inactive", "absent") and __opts__["file_client"] == "local":
        raise CommandExecutionError(
            "without a master (--local, salt-ssh) nothing is known of the managers: give"
            " remote_addrs, and one of token_file, token_pillar, token_sdb"
        )
    plan = _plan()
    end = time.monotonic() + SEALED_SECONDS
    waits = role == "manager" and _run_id() and not __opts__["test"]
    while waits and plan["lead"] != __opts__["id"] and plan["sealing"]:
        if facts["node_id"] in plan["members"] or plan["action"] == "handover":
            break
        if plan["trouble"]:
            raise CommandExecutionError(f"{plan['lead']}, which leads, says: {plan['trouble']}")
        if time.monotonic() > end:
            raise CommandExecutionError(
                f"{plan['lead']} has sealed no join tokens in {SEALED_SECONDS} s; see its states"
            )
        time.sleep(0.2)
        plan = _plan()
    return plan


def _publish_outcome(ret, drained):
    """
    Publish the outcome, so that the manager that compares at the end knows why a host is missing.
    """
    try:
        if ret["result"] is not True or ret["changes"] or not __salt__["swarm_facts.current"]():
            error = ret["comment"] if ret["result"] is False else ""
            __salt__["swarm_facts.publish"](error=error, confirm=False, drained=drained)
    except (CommandExecutionError, SaltInvocationError) as exc:
        ret["result"] = False
        ret["comment"] = f"{ret['comment']}; {exc}" if ret["comment"] else str(exc)


def _joined(ret, facts, plan, options, source, first):
    state, role = facts["state"], options["role"]
    orphan = _is_orphan(facts, plan)
    wants_help = ("locked", "unreachable", "error") if not orphan else ()
    if state in wants_help or (state == "absent" and not __opts__["test"]):
        raise CommandExecutionError(facts["error"] or f"the swarm on this host is {state}")
    if plan["action"] == "handover":
        _joined_in_handover(ret, facts, plan, role)
        return
    if state == "active" and not orphan:
        _same_role(ret, facts, plan, role)
        return
    if orphan:
        _same_swarm(facts, plan)
        if not _run_id():
            # The list may be older than this host's join.
            raise CommandExecutionError(
                f"this host is not in the node list that {plan['lead']} last published; let it"
                f" publish again (salt {plan['lead']} state.apply docker.mine), and run again, or"
                " run the bootstrap"
            )
    makes_it = plan["action"] == "init" and plan["lead"] == __opts__["id"]
    if not makes_it:
        _check_addresses(options["advertise_addr"], options["data_path_addr"])
    if __opts__["test"]:
        if makes_it:
            ret["comment"] = "this host would be in by then: it makes the swarm"
        else:
            _would(ret, _member_change(state, role), f"this host would join as {role}")
        return
    if plan["action"] != "exists":
        raise CommandExecutionError(
            f"there is no swarm to join: {plan['lead']} has not made one; see its docker.manager.first"
        )
    secret = source or _sealed_token(plan)
    options["remote_addrs"] = options["remote_addrs"] or plan["managers"]
    if not options["availability"]:
        options["availability"], first["drained"] = _first_availability()
    if orphan:
        __salt__["swarm.leave"](force=True)
    joined_ = __salt__["swarm.join"](
        digest=plan["digest"], replace_pending=True, **secret, **options
    )
    _verify(joined_["node_id"], role)
    ret["changes"] = _member_change(state, role)
    ret["comment"] = f"joined as {role}, node {joined_['node_id']}"
    if role == "worker" and options["availability"] == "drain":
        ret["comment"] += ", drained until a manager has set its labels"
    if orphan:
        was = "active" if state == "active" else "in error"
        ret["comment"] += f"; it was {was}, but in no manager's list"


def _is_orphan(facts, plan):
    """Return whether this host reports to be a member, and its cluster has no such node."""
    if plan["members"] is None or facts["state"] not in ("active", "error"):
        return False
    if not __salt__["swarm_facts.lost"](facts, plan["members"]):
        return False
    # A member that does not come up leaves only if it knows the same managers.
    known = plan["action"] == "exists" and not __salt__["swarm_facts.foreign"](facts, plan)
    return facts["state"] == "active" or known


def _same_swarm(facts, plan):
    reason = __salt__["swarm_facts.foreign"](facts, plan)
    if reason:
        raise CommandExecutionError(reason)


def _first_availability():
    """
    Return (availability to join with, whether it is drained only until a manager has set its
    labels): a node that pillar gives labels takes no task before it has them.
    """
    entry = __salt__["swarm_facts.named"](__opts__["id"])
    if entry["labels"]:
        return "drain", not entry["availability"]
    return entry["availability"], False


# --- a host that pillar moved between managers and workers ----------------------------------------


def _same_role(ret, facts, plan, role):
    if facts["role"] == role:
        ret["comment"] = f"this host is a {role} of the swarm, node {facts['node_id']}"
    elif not _run_id():
        verb = "promote" if role == "manager" else "demote"
        raise CommandExecutionError(
            f"pillar says that this host is a {role}, but it is a {facts['role']}: run the"
            f" bootstrap, or {verb} it with swarm.{verb} {facts['node_id']} on a manager"
        )
    elif role == "manager":
        _wait_promoted(ret, facts, plan)
    else:
        managers = __salt__["swarm_facts.fresh"](__salt__["swarm_facts.manager_ids"](), known=True)
        _step_down(ret, facts, [one["node_id"] for one in managers.values()])


def _wait_promoted(ret, facts, plan):
    """Wait until the leading manager has promoted this worker, which pillar has as manager."""
    ret["comment"] = f"{plan['lead']} promotes this host, node {facts['node_id']}"
    end = time.monotonic() + SEALED_SECONDS
    while not __opts__["test"] and __salt__["swarm.info"]()["role"] != "manager":
        if plan["trouble"]:
            raise CommandExecutionError(f"{plan['lead']}, which leads, says: {plan['trouble']}")
        if time.monotonic() > end:
            raise CommandExecutionError(
                f"{plan['lead']} has not promoted this host in {SEALED_SECONDS} s; see its states"
            )
        time.sleep(0.5)
        plan = _plan()


def _step_down(ret, facts, managers):
    """
    Demote this manager, which pillar has as worker. Each host demotes only itself, so that no other
    host's facts can remove a manager. The same update sets its labels and availability.
    """
    rows = __salt__["swarm.nodes"]()
    reached = [row for row in rows if row["id"] in managers and row["reachability"] == "reachable"]
    if not reached and not __opts__["test"]:
        raise CommandExecutionError(
            "the cluster reaches none of pillar's managers, so this host stays one: see their"
            " states"
        )
    own = _own_row({row["id"]: row for row in rows}, facts)
    entry = __salt__["swarm_facts.named"](__opts__["id"])
    # As a manager it was drained by this bootstrap.
    free = "active" if own["availability"] == "drain" else None
    wanted = {
        "role": "worker",
        "availability": entry["availability"] or free,
        "labels": entry["labels"],
    }
    if __opts__["test"]:
        changes = __salt__["swarm_drift.node_diff"](own, **wanted)
        try:
            __salt__["swarm_facts.quorum_to_come"]([own["id"]], managers)
        except CommandExecutionError as exc:
            raise CommandExecutionError(f"this host: {exc}") from None
    else:
        changes = dict(_node("this host", facts["node_id"], **wanted)["changes"])
    if "role" not in changes:
        # swarmkit: a demotion that would cost the quorum is put off, not taken back.
        raise CommandExecutionError(
            "this host was demoted earlier, but still runs as a manager: bring back the managers that"
            " are down (swarm.nodes), then run again"
        )
    role = changes.pop("role")
    ret["changes"].update(swarm=role, **changes)
    verb = "would demote" if __opts__["test"] else "demoted"
    ret["result"] = None if __opts__["test"] else True
    ret["comment"] = f"this manager {verb} itself, node {facts['node_id']}"


def _own_row(rows, facts):
    """Return this manager from its own node list."""
    if facts["node_id"] not in rows:
        raise CommandExecutionError(
            f"this host is a manager, but its node {facts['node_id']} is in no node list any more:"
            " let it leave (swarm.leave force=True), and run again"
        )
    return rows[facts["node_id"]]


def _node(who, node_id, **wanted):
    done = __states__["swarm.node"](node_id, **wanted)
    if done["result"] is False:
        raise CommandExecutionError(f"{who}: {done['comment']}")
    return done


def _joined_in_handover(ret, facts, plan, role):
    """
    Hand over if none of pillar's managers is one: the hosts that still are promote them, then step
    down.
    """
    if facts["state"] == "active":
        _same_swarm(facts, plan)
    if role == "manager":
        ret["comment"] = (
            "a host that is a manager still promotes this one, in the workers' step"
            if facts["state"] == "active"
            else "the managers change hands in this run; this host joins in the next one"
        )
    elif facts["role"] == "manager":
        _promote_pillars(ret, facts, plan)
        _step_down(ret, facts, list(plan["promote"].values()))
    elif facts["state"] == "active":
        ret["comment"] = f"this host is a worker of the swarm, node {facts['node_id']}"
    else:
        raise CommandExecutionError(
            "the managers of the swarm change hands in this run: run it again, and this host joins"
        )


def _promote_pillars(ret, facts, plan):
    """Promote pillar's managers if this host leads the raft group; the others wait for it."""
    end = time.monotonic() + SEALED_SECONDS
    while True:
        rows = {row["id"]: row for row in __salt__["swarm.nodes"]()}
        strangers = [name for name, node_id in plan["promote"].items() if node_id not in rows]
        if strangers:
            raise CommandExecutionError(
                f"pillar has {', '.join(strangers)} as managers, but the cluster of this manager"
                " does not know them: let them leave their swarm, and run again"
            )
        left = [name for name, node_id in plan["promote"].items() if not rows[node_id]["member"]]
        if _own_row(rows, facts)["leader"]:
            for name in left:
                entry = __salt__["swarm_facts.named"](name)
                availability = entry["availability"] or "drain"
                node_id = plan["promote"][name]
                done = _node(name, node_id, role="manager", availability=availability)
                ret["changes"][name] = done["changes"]
            return
        if not left or __opts__["test"]:
            return
        if time.monotonic() > end:
            leader = [row["hostname"] for row in rows.values() if row["leader"]]
            raise CommandExecutionError(
                f"{', '.join(left)} were not promoted in {SEALED_SECONDS} s by"
                f" {', '.join(leader) or 'a leader'}, which leads the cluster: name it under"
                " swarm:workers, or promote them by hand (swarm.promote)"
            )
        time.sleep(0.5)


# --- the rest of its life -------------------------------------------------------------------------


def _sealed_token(plan):
    """Return the arguments for ``swarm.join`` with the token of this host, still sealed."""
    if not plan["sealed"] and not _run_id():
        raise CommandExecutionError(
            f"{plan['lead']} has sealed no join token for {__opts__['id']}, which only a bootstrap run"
            " does: give token_file, token_pillar or token_sdb, or run the bootstrap"
        )
    if not plan["sealed"]:
        raise CommandExecutionError(
            f"{plan['lead']} has sealed no join token for {__opts__['id']}: is its key accepted, and"
            " does pillar swarm:managers or swarm:workers name it? Then run the bootstrap again"
        )
    return {"sealed": plan["sealed"], "cluster_id": plan["cluster"]}


def mod_watch(name, sfun=None, **kwargs):
    """
    Handle ``watch`` for each state of the name ``swarm``, in whatever file: call the state once
    more, which knows by ``sfun`` that a watched state changed. States that rotate something then do
    so; all others have nothing left to do.
    """
    return __states__[f"swarm.{sfun}"](name, sfun=sfun, **kwargs)
