# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the steps of an orchestration
================================================

The state of the orchestrations themselves, ``docker.bootstrap`` and its siblings. It runs on the
master. It belongs to the name ``swarm``; ``docker/run.jinja`` brings this file to the master.

:maturity: new
:depends: the execution modules ``swarm_preflight_rules``, ``swarm_ready``, ``swarm_renewal`` and
    ``swarm_roll_report``

.. versionadded:: 0.1.0
"""

import contextlib
import contextvars
import functools
import re
import time

from salt.exceptions import SaltInvocationError

# What a terminal of 24 lines has room for beside Salt's own lines.
MOST_LINES = 6
MOST_HOSTS = 12
LONGEST_REASON = 600
# A third of the time after which the cluster's lock ends without a renewal.
RENEW_SECONDS = 40
# How the comment ends on hosts where a state only names the one that does it.
ELSEWHERE = ("leads this run", "is the one that goes on")
# How reasons begin that are only of the host which they name.
OF_A_HOST = ("its minion did not answer", "busy, another run", "it ran in test mode")

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def orchestrated(
    name,
    steps=(),
    run=None,
    refusal="",
    notes=(),
    preflight=None,
    saltenv="base",
    pillarenv=None,
    **kwargs,
):
    """
    Ensure the steps of an orchestration ran, each on its hosts. The last line of the comment says
    how it ended: what was reached, or what to do. All steps follow the test mode of the
    orchestration, whatever the configuration of a minion says; a minion that does not comply is an
    error.

    Beside the keys of every state the return has ``steps``, a list of ``{"name", "hosts": {minion id: its
    states}}`` with the hosts that changed something or failed, ``refused``, ``{minion id: [reasons]}``, and
    ``notes``, what is odd, but no reason to refuse; ``drift``, ``{minion id: [how its engine differs from
    pillar]}``; and ``preflight``, the rows of its checks.
    After a failure ``changes`` is empty: what had changed by then is in the comment and in ``steps``.

    name
        Any text.
    steps
        List of dicts: ``name``; ``hosts``, a list of exact minion ids; ``sls``, a list of SLS files, or
        ``function``, which only a real run calls, or ``leaving``, minion ids of hosts whose tasks will move: a
        real run has the others pull the images of these for ``seconds`` at most; ``run``, more of pillar ``swarm_run`` for this step;
        ``exclude``, as for ``state.apply``; ``leads``, a function that says which cluster a host manages and
        whether it leads: then only one host runs the step, the leader if it answers; ``may_fail``, hosts that may be silent or fail; ``needs``,
        steps without whose success this one does not run; ``says``, the ID of the state whose comment is
        the last line, or a list of them; ``ends``, how that comment begins when nothing is left to do for later steps;
        ``skips``, ``excludes`` and ``settles``: see :py:func:`swarm_ready.steps <salt.modules.swarm_ready.steps>`. A
        step that settles is the last one if its state with this ID succeeds; else it counts for nothing.
    run
        Pillar ``swarm_run`` of all steps; with ``what``, the orchestration, and ``master``, its changes take
        the cluster's lock. Its ``managers``, ``workers`` and ``replaced`` go only to steps
        of managers alone: thousands of workers with the names of all in each job would be gigabytes.
    refusal
        Why nothing may be done: the state then fails with this text.
    notes
        Lines about what is odd, but no reason to refuse.
    preflight
        ``{"ignore": [names of checks], "swarm": some of pillar}``: all hosts of ``run`` are asked first whether
        they are fit. That one does not answer, its step says. With ``digests``, the text of ``docker/DIGESTS``,
        they also publish their facts, and steps that are not needed are left out.
    saltenv, pillarenv
        Where the steps find the SLS files and the pillar.

    .. code-block:: yaml

        facts of all managers:
          swarm.orchestrated:
            - run: {id: a run, managers: [manager1]}
            - steps:
              - name: ready
                hosts: [manager1]
                sls: [docker.mine]
    """
    ret = {"name": name, "changes": {}, "result": True, "comment": ""}
    ret.update(steps=[], refused={}, notes=list(notes), drift={}, preflight=[])
    if refusal:
        ret["refused"] = {name: refusal.splitlines()}
        return _ended(ret, [*notes, *refusal.splitlines()], False)
    kwarg = {"test": bool(__opts__["test"]), "saltenv": saltenv, "queue": False}
    if pillarenv is not None:
        kwarg["pillarenv"] = pillarenv
    ready = {}
    if preflight:
        why = _preflight(ret, dict(preflight), run or {}, kwarg, ready)
        if why:
            ret["refused"] = {"preflight": why}
            return _ended(ret, [*ret["notes"], *why], False, most=len(why) + len(ret["notes"]))
    ret["drift"] = {host: list(one["drift"]) for host, one in ready.items() if one["drift"]}
    steps = __salt__["swarm_ready.steps"](steps, ready, run)
    done = []
    with _renewed(run or {}, kwarg["test"]):
        _run_all(steps, run or {}, kwarg, done)
    if not kwarg["test"] and any(one["changes"] or one["refused"] for one in done):
        _release(run or {})
    return _summed_up(ret, done)


def _run_all(steps, run, kwarg, done):
    for step in steps:
        failed = [one["name"] for one in done if one["refused"]]
        if set(step.get("needs", ())) & {*failed, *(one["name"] for one in done if one["skipped"])}:
            done.append({**_new(step), "skipped": True})
            continue
        done.append(_run(step, _with_failures(run, done), kwarg))
        if step.get("settles"):
            if not done[-1]["refused"] or __salt__["swarm_ready.is_settled"](
                step, done[-1]["hosts"]
            ):
                break
            done.pop()
        elif step.get("ends") and done[-1]["says"].startswith(step["ends"]):
            break


# --- before the first step ------------------------------------------------------------------------


def _preflight(ret, preflight, run, kwarg, ready):
    """
    Ask all hosts, add the rows, the warnings and what the hosts that are ready say, and return why nothing
    may be done, as lines.
    """
    rules = "swarm_preflight_rules."
    hosts = [*run.get("managers", ()), *run.get("workers", ())]
    try:
        __salt__[rules + "refuse"](preflight["ignore"], "swarm_ignore")
    except SaltInvocationError as exc:
        return [str(exc)]
    given = {"fresh": True, **{key: kwarg[key] for key in ("saltenv", "pillarenv") if key in kwarg}}
    begun = given
    if "digests" in preflight:
        begun = {**given, "run": run["id"], "digests": preflight.pop("digests")}
    readings, now, silent = {}, {}, {}
    _read(hosts, begun, readings, now, silent)
    if silent:
        # The checks are of this run; a run in test mode needs them, too.
        _apply(silent, ["docker.extension"], {**kwarg, "test": False})
        _read(list(silent), begun, readings, now, silent)
    found = {host: __salt__["swarm_ready.of"](one) for host, one in readings.items()}
    ready.update({host: one for host, one in found.items() if one})
    more = __salt__[rules + "again"](readings, run.get("managers", ()))
    if more["hosts"]:
        _read(more["hosts"], {**given, "managers": more["addresses"]}, readings, now, silent)
    rows = __salt__[rules + "judge"](readings, now, **preflight)
    told = __salt__[rules + "lines"](rows)
    ret["preflight"] = rows
    # Pillar's own check says the same of an even number of managers.
    ret["notes"] = [*told["warnings"], *(one for one in ret["notes"] if "even number" not in one)]
    off = [host for host in hosts if host not in {**readings, **silent}]
    ret["notes"] += [f"warning: not checked: {_names(off)} did not answer"] if off else []
    lines = [f"{host}: {why}" for host, why in silent.items()] + told["errors"]
    return [*lines, __salt__[rules + "advice"](told["names"])] if lines else []


def _read(hosts, given, readings, now, silent):
    """Add what hosts read of themselves, or in ``silent`` why they cannot; not of those that are off."""
    before = time.time()
    answers = _ask(hosts, "swarm_preflight.reading", [], given)
    after = time.time()
    for host in hosts:
        answer = answers.get(host) or {}
        said = answer.get("ret", answer.get("return"))
        silent.pop(host, None)
        if __salt__["swarm_preflight_rules.is_reading"](said):
            readings[host], now[host] = said, [before, after]
        elif said not in (None, False, "", {}, []):
            silent[host] = _why_without_states(said)


# --- the cluster's lock ---------------------------------------------------------------------------


def _renewed(run, test):
    """Renew the lock while the steps run; the first of their changes takes it."""
    if test or not run.get("what"):
        return contextlib.nullcontext()
    given = [run["managers"], "swarm_hold.renew", [run["id"]], {}]
    # Salt's dunders are of the context that loaded them.
    ask = functools.partial(contextvars.copy_context().run, _ask, *given)
    return __salt__["swarm_renewal.every"](RENEW_SECONDS, ask)


def _release(run):
    """A lock that cannot be released ends by itself."""
    if run.get("what"):
        _ask(run["managers"], "swarm_hold.release", [run["id"]], {})


# --- one step -------------------------------------------------------------------------------------


def _new(step):
    """Return a step that has not run: what its hosts returned, why it failed, what it says."""
    return {
        "name": step["name"],
        "targets": list(step["hosts"]),
        "hosts": {},
        "refused": {},
        "says": "",
        "refuses": False,
        "predicts": False,
        "notes": [],
        "drift": {},
        "changes": {},
        "skipped": False,
    }


def _with_failures(run, done):
    """Add the failures of hosts for the last step, which otherwise knows only what they published."""
    failures = {}
    for one in done:
        for host, reasons in one["refused"].items():
            failures[host] = reasons[-1]
    return {**run, "failures": failures} if failures else run


def _run(step, run, kwarg):
    found = _new(step)
    if "leaving" in step:
        if not kwarg["test"]:
            found["notes"] += _prefetch(step, run, kwarg)
        return found
    if "function" in step:
        if not kwarg["test"]:
            answers = _ask(step["hosts"], step["function"], [], {})
            found["hosts"] = {host: answer.get("ret") for host, answer in answers.items()}
            found["notes"] += __salt__["swarm_roll_report.left"](found["hosts"])
        return found
    if "leads" in step:
        step = _with_one_host(step, found)
        if found["refused"]:
            return found
    known = run if "managers" in run and set(step["hosts"]) <= set(run["managers"]) else {}
    own = {key: run[key] for key in ("id", "what", "master") if key in run}
    given = {**known, "id": "", **own, **step.get("run", {})}
    kwarg = {**kwarg, "pillar": {"swarm_run": given}}
    if step.get("exclude"):
        kwarg["exclude"] = step["exclude"]
    answers = _apply(step["hosts"], step["sls"], kwarg)
    if kwarg["test"]:
        bare = [host for host, answer in answers.items() if _is_stale(answer)]
        if bare:
            # In test mode the state that delivers the extension only predicts.
            _apply(bare, ["docker.extension"], {**kwarg, "test": False})
            answers.update(_apply(bare, step["sls"], kwarg))
    for host in step["hosts"]:
        _add(found, host, answers.get(host) or {}, step, kwarg["test"])
    _add_what_it_says(found, answers, step.get("says"))
    return found


def _prefetch(step, run, kwarg):
    """Have hosts pull what they need of those that leave. Return what could not be pulled, as lines."""

    def ask(hosts, function, *args):
        answers = _ask(hosts, function, list(args), {})
        bare = [host for host in hosts if "is not available" in str(answers.get(host))]
        if bare:
            _apply(bare, ["docker.extension"], kwarg)
            answers.update(_ask(bare, function, list(args), {}))
        return {host: __salt__["swarm_roll_report.answer"](answers.get(host)) for host in hosts}

    others = [*run.get("managers", ()), *run.get("workers", ())]
    return __salt__["swarm_prefetch.before_leaving"](
        step["hosts"], step["leaving"], others, step["seconds"], ask=ask
    )


def _with_one_host(step, found):
    """Return the step for one of its hosts: the one that leads if it answers, else one that manages."""
    answers = _ask(step["hosts"], step["leads"], [], {})
    ranks, clusters = {}, {}
    for host in step["hosts"]:
        answer = answers.get(host) or {}
        said = answer.get("ret", answer.get("return"))
        if isinstance(said, dict) and said.get("cluster"):
            ranks[host] = 0 if said["leads"] else 1
            clusters.setdefault(said["cluster"], []).append(host)
        elif "is not available" in str(said):
            # It gets the modules with the step itself.
            ranks[host] = 2
        else:
            found["refused"][host] = [_why_without_states(said)]
    if len(clusters) > 1:
        names = "; ".join(f"{one} of {', '.join(hosts)}" for one, hosts in clusters.items())
        found["refused"] = {
            hosts[0]: [f"the managers are in different clusters: {names}"]
            for hosts in list(clusters.values())[:1]
        }
    elif ranks:
        # A manager of three may be off.
        found["notes"] += [f"{host}: {why[0]}" for host, why in found["refused"].items()]
        found["refused"] = {}
        best = min(ranks, key=ranks.get)
        found["targets"] = [best]
        return {**step, "hosts": [best]}
    return step


def _ask(hosts, function, arg, kwarg):
    return __salt__["saltutil.cmd"](
        list(hosts), function, arg=arg, kwarg=kwarg, tgt_type="list", expect_minions=True
    )


def _apply(hosts, sls, kwarg):
    return _ask(hosts, "state.sls", [",".join(sls)], kwarg)


def _states(answer):
    """Return the states of a minion's answer in their order; None if it returned something else."""
    states = answer.get("ret", answer.get("return"))
    if not isinstance(states, dict) or not states:
        return None
    found = [
        {**state, "ours": tag.startswith("swarm_|-"), "engine": tag.startswith("swarm_engine_|-")}
        for tag, state in states.items()
        if isinstance(state, dict) and "result" in state
    ]
    return sorted(found, key=lambda state: state.get("__run_num__", 0)) or None


def _is_stale(answer):
    return any(state.get("__id__") == "swarm-extension" for state in _states(answer) or [])


def _add(found, host, answer, step, test):
    """Add what one host did, and why it failed, if it did."""
    states = _states(answer)
    reasons = _why(answer, states, test)
    if reasons and host not in step.get("may_fail", ()):
        found["refused"][host] = reasons
    changes = [_described(state) for state in states or [] if state.get("changes")]
    if changes:
        found["changes"][host] = ", ".join(changes)
    if changes or reasons:
        found["hosts"][host] = answer.get("ret", answer.get("return"))
    for state in states or []:
        if state["ours"]:
            found["notes"] += [f"{host}: {note}" for note in state.get("warnings") or []]
        elif state["engine"] and state.get("warnings"):
            found["drift"].setdefault(host, []).extend(state["warnings"])


def _why(answer, states, test):
    """Return why a host failed, one line each."""
    if states is None:
        said = answer.get("ret", answer.get("return"))
        return [_why_without_states(said)]
    reasons = []
    for state in states:
        comment = _one_line(state.get("comment"))
        if state["result"] is False and not comment.startswith("One or more requisite failed"):
            where = "" if state["ours"] else f"{state.get('__id__', 'a state')}: "
            if where + comment not in reasons:
                reasons.append(where + comment)
    if not reasons and any(state["result"] is False for state in states):
        reasons.append(_one_line(next(s["comment"] for s in states if s["result"] is False)))
    if not test and any(state["result"] is None for state in states):
        reasons.append(
            "it ran in test mode, so nothing was done there: remove test from the configuration of its"
            " minion, then run again"
        )
    return reasons


def _why_without_states(said):
    """Return why a minion ran no state: busy, an SLS that does not render, or no answer."""
    if said in (None, False, "", {}, []):
        return __salt__["swarm_roll_report.answer"]()[1]
    text = " ".join(str(line) for line in said) if isinstance(said, list) else str(said)
    busy = re.search(r'The function "([\w.]+)" is running as PID (\d+)', text)
    if busy:
        return (
            f"busy, another run is on there ({busy[1]}, PID {busy[2]}): run again when it has ended"
        )
    text = text.strip()
    # Of a traceback the last line says what happened, of other errors the first.
    line = text.splitlines()[-1 if text.startswith("Traceback") else 0]
    return _one_line(line)


def _one_line(text):
    text = " ".join(str(text).split())
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"


def _described(state):
    """Return a change in few words: what changed for our states, which state for others."""
    if not state["ours"]:
        return state.get("__id__", "a state")
    return ", ".join(f"{what}: {_arrow(change)}" for what, change in state["changes"].items())


def _arrow(change):
    """Return ``{"old", "new"}`` as an arrow; a dict of such, one after the other."""
    if not isinstance(change, dict):
        return str(change)
    if set(change) == {"old", "new"}:
        old, new = ("none" if one in ("", None) else one for one in (change["old"], change["new"]))
        return f"{old} -> {new}"
    return ", ".join(f"{what} {_arrow(value)}" for what, value in change.items())


def _add_what_it_says(found, answers, id_):
    """
    Add the comment of the state with this ID; if several hosts have it, of one that changed or
    failed. Those of a list of IDs are in one line.
    """
    if isinstance(id_, list):
        texts, predicts = [], False
        for one in id_:
            found["says"] = ""
            _add_what_it_says(found, answers, one)
            texts += [found["says"]] if found["says"] else []
            predicts = predicts or found["predicts"]
        found["notes"] += _left_out(answers, id_)
        # What failed is in the reasons.
        found.update(says="" if found["refused"] else "; ".join(texts), predicts=predicts)
        found["refuses"] = False
        return
    best = -1
    for answer in answers.values():
        for state in _states(answer) or []:
            weight = 2 * (state["result"] is False) + bool(state.get("changes"))
            comment = _one_line(state.get("comment"))
            if state.get("__id__") != id_ or comment.startswith("One or more requisite failed"):
                continue
            weight -= comment.endswith(ELSEWHERE)
            if weight > best:
                best = weight
                found["says"], found["refuses"] = comment, state["result"] is False
                found["predicts"] = state["result"] is None


def _left_out(answers, ids):
    """Return a line for each of these states that did not run because another one failed."""
    return [
        f"{state.get('name') or state['__id__']} stays as it is: what it comes after failed"
        for answer in answers.values()
        for state in _states(answer) or []
        if state.get("__id__") in ids
        and _one_line(state.get("comment")).startswith("One or more requisite failed")
    ]


# --- the end --------------------------------------------------------------------------------------


def _summed_up(ret, done):
    notes = ret["notes"]
    ret["steps"] = [{"name": one["name"], "hosts": one["hosts"]} for one in done if one["hosts"]]
    for one in done:
        notes += [note for note in one["notes"] if note not in notes]
        ret["drift"].update(one["drift"])
        for host, reasons in one["refused"].items():
            known = ret["refused"].setdefault(host, [])
            known += [reason for reason in reasons if reason not in known]
    changes = _grouped(done)
    if ret["refused"]:
        return _ended(ret, [*_changed_before(changes), *notes, *_reasons(done)], False)
    ret["changes"] = changes
    last = [one["says"] for one in done if one["says"]][-1:]
    if __opts__["test"]:
        hosts = sorted({host for one in done for host in one["changes"]})
        # Without changes it compares, with them it says what the run would come to.
        told = [one["says"] for one in done if one["predicts"]] if hosts else last
        if hosts:
            told = [f"test mode, nothing was done: {_names(hosts)} would change", *told]
        else:
            told = ["test mode: nothing would change", *told]
        last = ["; ".join(told)]
    return _ended(
        ret, [*notes, *(last or ["done"])], None if __opts__["test"] and changes else True
    )


def _grouped(done):
    """Return ``{hosts: what changed there}``, hosts with the same changes together."""
    per_host = {}
    for one in done:
        for host, text in one["changes"].items():
            per_host.setdefault(host, []).append(text)
    same = {}
    for host, texts in per_host.items():
        same.setdefault(", ".join(dict.fromkeys(texts)), []).append(host)
    return {_names(hosts): text for text, hosts in same.items()}


def _names(hosts):
    if len(hosts) <= MOST_HOSTS:
        return ", ".join(hosts)
    return f"{', '.join(hosts[:2])} and {len(hosts) - 2} more hosts"


def _changed_before(changes):
    lines = [f"changed on {hosts}: {_one_line(text)}" for hosts, text in changes.items()]
    # One line about one kind would be no shorter than the kind itself.
    return (
        lines
        if len(lines) < 4
        else [*lines[:2], f"changed on others: {len(lines) - 2} kinds of changes"]
    )


def _reasons(done):
    """
    Return each reason once, that of the last step last; a comment about all hosts replaces theirs.
    """
    ends = [one["says"] for one in done if one["refuses"] and one["says"]]
    last = ends[-1] if ends else ""
    by_reason = {}
    for one in done:
        for host, reasons in one["refused"].items():
            for reason in reasons:
                if reason not in last:
                    found = by_reason.setdefault(reason, {"hosts": [], "of": one["targets"]})
                    found["hosts"] += [host] * (host not in found["hosts"])
    lines = []
    for reason, found in by_reason.items():
        # "manager1, which leads, says: …" repeats what manager1 says.
        if any(other != reason and other in reason for other in by_reason):
            continue
        everyone = len(found["hosts"]) > 1 and set(found["hosts"]) >= set(found["of"])
        everyone = everyone and not reason.startswith(OF_A_HOST)
        lines.append(reason if everyone else f"{_names(found['hosts'])}: {reason}")
    return [*lines, last] if last else lines


def _ended(ret, lines, result, most=MOST_LINES):
    # What a preflight warns of is never left out: an error that somebody ignores is among it.
    kept = [line for line in lines if line.startswith("warning: ")]
    lines = [line for line in lines if line not in kept]
    if len(lines) > most:
        rest = len(lines) - most + 1
        lines = [
            *lines[: most - 2],
            f"and {rest} more lines: see them with --out=json",
            lines[-1],
        ]
    lines = kept + lines
    ret.update(result=result, comment="\n".join(lines))
    if result is False:
        __salt__["swarm_roll_report.once"](ret["comment"])
    if _is_terse(result, ret["changes"]):
        ret["sub_state_run"] = [_row(line, result) for line in dict.fromkeys(lines)]
    return ret


def _is_terse(result, changes):
    """Return whether the master's state_output shows this state without its comment."""
    form = str(__opts__.get("state_output") or "full").lower()
    if form.startswith("filter"):
        terse = __opts__.get("state_output_terse") or []
        return str(result) in (terse.split(",") if isinstance(terse, str) else terse)
    return (
        form.startswith("terse")
        or (form.startswith("mixed") and result is not False)
        or (form.startswith("changes") and bool(result) and not changes)
    )


def _row(text, result):
    """Return one more state with the text in its name, which is shown where a comment is not."""
    low = {"state": "swarm", "__id__": text, "name": text, "fun": "orchestrated"}
    return {"low": low, "name": text, "changes": {}, "result": result, "comment": text}
