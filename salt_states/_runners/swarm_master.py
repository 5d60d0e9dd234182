# SPDX-License-Identifier: Apache-2.0
"""
What the runners share: the pillar of the master, its hosts, and the report
===========================================================================

Other runners call this file; nothing here is typed by people.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_facts`` on the minions
:platform: Linux

.. versionadded:: 0.1.0
"""

import contextlib
import inspect
import re
import sys

import salt.client
import salt.loader
from salt.exceptions import SaltException

FINE, PROBLEM, NOT_ASKED = 0, 1, 2

__virtualname__ = "swarm_master"


def __virtual__():
    return __virtualname__


class _Slip(Exception):
    """Raised when nothing can be asked; ``args`` are the lines that say why."""


def slip(*lines):
    """Raise what ends the runner's function with these lines and the exit code of a slip."""
    raise _Slip(*lines)


def run(function, args, kwargs):
    """
    Return a function's result for these arguments. Salt prints a docstring for wrong arguments, and
    a traceback for an exception, so both become a report of one line here.
    """
    kwargs = {key: value for key, value in kwargs.items() if not key.startswith("__")}
    try:
        try:
            inspect.signature(function).bind(*args, **kwargs)
        except TypeError as exc:
            known = inspect.signature(function).parameters.values()
            names = ", ".join(one.name for one in known if one.kind is not one.VAR_KEYWORD)
            raise _Slip(f"{exc} (arguments: {names})") from None
        return function(*args, **kwargs)
    except _Slip as slip:
        return _report(NOT_ASKED, *slip.args)
    except SaltException as exc:
        return _report(NOT_ASKED, f"Salt reports: {' '.join(str(exc).split())}")


def _report(code, *problems):
    return _ended({"problems": list(problems)}, code)


def _ended(report, code, outputter="swarm_report"):
    # salt-run exits with ``retcode``; the context decides on ``success`` in the job's event.
    __context__["retcode"] = code
    return {**report, "retcode": code, "outputter": outputter}


def failed(*problems):
    """Return the report of a function that found only these problems."""
    return _report(PROBLEM, *problems)


def ended(report, problem=False, outputter="swarm_report"):
    """Return a report with its exit code and its outputter."""
    return _ended(report, PROBLEM if problem else FINE, outputter)


def progress(text):
    """Print a line to stderr; stdout is only for the result, such as JSON."""
    if not __opts__.get("quiet"):
        print(text, file=sys.stderr, flush=True)


def asking(count):
    """The same of how many hosts are asked."""
    progress(f"asking {count} host{'' if count == 1 else 's'}")


def known():
    """Return pillar of the master's own id, checked, and its hosts that have an accepted key."""
    found = checked()
    if found["malformed"]:
        raise _Slip(*found["refusals"])
    if not found["swarm"].get("managers"):
        raise _Slip(found["nobody"])
    return found


def checked():
    """
    Return what docker/run.jinja gets from pillar of the master's own id: its mistakes, and the hosts
    that have an accepted key.
    """
    pillar = __salt__["pillar.show_pillar"](minion=__opts__["id"])
    # What Salt could not render is missing, and would be reported as a key that nobody gave.
    if pillar.get("_errors"):
        raise _Slip(*(f"pillar of {__opts__['id']}: {line}" for line in pillar["_errors"]))
    opts = {**__opts__, "grains": __opts__.get("grains") or {}, "pillar": {}}
    functions = salt.loader.minion_mods(opts, utils=salt.loader.utils(opts))
    return functions["slsutil.renderer"](
        "salt://_modules/swarm_schema.py", default_renderer="py", given=pillar
    )


def ask(hosts, functions, timeout):
    """
    Run ``{function: [arguments]}`` on hosts, and return ``{host: {function: result}}`` of those
    that answered.
    """
    # What the client prints, such as that no minion matches, is not part of the result.
    with contextlib.redirect_stdout(sys.stderr), _client() as client:
        found = client.cmd(
            list(hosts), list(functions), list(functions.values()), tgt_type="list", timeout=timeout
        )
    return {host: answer for host, answer in found.items() if isinstance(answer, dict)}


def ask_one(host, function, args, kwargs):
    """
    Run one function on one host. Return what it returned and None; or, where it failed, None and one
    line that says why, or the data that it returned all the same and an empty line.
    """
    with contextlib.redirect_stdout(sys.stderr), _client() as client:
        answer = client.cmd(
            [host], function, list(args), tgt_type="list", kwarg=kwargs, full_return=True
        ).get(host)
    if not isinstance(answer, dict):
        return None, "no answer"
    if answer.get("retcode") and isinstance(answer.get("ret"), (dict, list)):
        return answer["ret"], ""
    return (None, reason(answer.get("ret"))) if answer.get("retcode") else (answer["ret"], None)


def _client():
    return salt.client.get_local_client(mopts=__opts__)


def reason(answer):
    """
    Return one line of a failed function's text. A job of several functions returns a traceback; a
    job of one function returns the text, and its docstring if the arguments were wrong.
    """
    lines = str(answer).strip().splitlines() or ["no answer"]
    if lines[0].startswith("Traceback"):
        return lines[-1].partition("Error: ")[2] or lines[-1]
    return re.sub(r"^ERROR(: | executing '[^']*': )", "", lines[0])


def of_hosts():
    """Return what each host is asked for its part of the swarm's health, as ``ask`` takes it."""
    return {"swarm_facts.collect": [], "swarm.certificate": [], "swarm_checks.view": []}


def said(found, answers):
    """
    Return what hosts of pillar answered to :py:func:`of_hosts`, as ``swarm_checks.of_swarm`` takes it. A host
    without an accepted key is left out unless it answers: the check of pillar names it.
    """
    managers = list(found["swarm"]["managers"])
    hosts = dict.fromkeys([*managers, *sorted(found["workers"])])
    reachable = {*found["managers"], *found["workers"], *found["without"]}
    ret = {}
    for host in hosts:
        answer = answers.get(host) or {}
        facts = answer.get("swarm_facts.collect")
        if not isinstance(facts, dict) and host not in reachable:
            continue
        ret[host] = {
            "role": "manager" if host in managers else "worker",
            "facts": facts if isinstance(facts, dict) else None,
            "certificate": answer.get("swarm.certificate"),
            "view": answer.get("swarm_checks.view"),
        }
    return ret


def silent(hosts):
    """Return a line for each host that did not answer."""
    return [
        f"{host}: its minion does not answer, or has no swarm module"
        for host, one in hosts.items()
        if not one["facts"]
    ]


def engine_drift(answers):
    """Return ``{host: [how its engine differs from pillar]}`` of what hosts answered to ``ask``."""
    found = {host: answer.get("swarm_engine.drift") for host, answer in sorted(answers.items())}
    return {host: lines for host, lines in found.items() if lines and isinstance(lines, list)}


def first_answer(function, args, kwargs, outputter="swarm_table"):
    """Return the table of the first manager in the order of pillar that has one."""
    managers = list(known()["swarm"]["managers"])
    kwargs = {key: value for key, value in kwargs.items() if not key.startswith("__")}
    with contextlib.redirect_stdout(sys.stderr), _client() as client:
        answers = client.cmd(managers, function, list(args), tgt_type="list", kwarg=kwargs)
    for name in managers:
        if isinstance(answers.get(name), (list, dict)):
            return ended({name: answers[name]}, outputter=outputter)
    said = {name: reason(answers[name]) for name in managers if name in answers}
    slips = [str(one).startswith(("ERROR executing", "Passed invalid")) for one in answers.values()]
    if slips and all(slips):
        slip(next(iter(said.values())))
    if not said:
        return failed(f"no manager of pillar answers: {', '.join(managers)}")
    if len(set(said.values())) == 1:
        return failed(*set(said.values()))
    return failed(*(f"{name}: {reason}" for name, reason in said.items()))
