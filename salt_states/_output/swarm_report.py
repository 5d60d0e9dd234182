# SPDX-License-Identifier: Apache-2.0
"""
Print ``salt-run swarm.status`` and ``swarm.plan`` for people
=============================================================

Problems come first, and the last line says how it is. Sync this to the master once, with
``salt-run saltutil.sync_output``; without it Salt prints the same data in its own way.

CLI Example:

.. code-block:: bash

    salt-run swarm.status
"""


def output(data, **kwargs):
    """
    Format a report of the runner ``swarm`` as lines.

    data
        What a function of the runner returned.
    """
    if "lines" in data:
        return "\n".join(data["lines"])
    problems = data.get("problems") or []
    lines = ["problems:", *_indented(problems)] if problems else []
    if "cluster" not in data:
        # Nothing was asked: the one line says why.
        return "\n".join(problems)
    lines += _facts(data)
    return "\n".join([*lines, _last(data, problems)])


def _indented(lines):
    return [f"    {line}" for line in lines]


def _facts(data):
    found = {"cluster": data["cluster"], "leader": data["leader"]}
    if data["quorum"]:
        found["managers"] = (
            "{managers}, {reachable} reachable, {needed} needed, {losses} may fail".format(
                **data["quorum"]
            )
        )
    found["nodes"] = ", ".join(f"{count} {state}" for state, count in data["nodes"].items())
    versions = sorted(data["versions"].items())
    if len(versions) == 1:
        found["engines"] = versions[0][0]
    else:
        found["engines"] = "; ".join(f"{one}: {', '.join(hosts)}" for one, hosts in versions)
    if data["certificates"]:
        host, until = min(data["certificates"].items(), key=lambda one: one[1])
        found["certificates"] = f"the first one ends {until} ({host})"
    lines = [f"{name + ':':14}{text}" for name, text in found.items() if text]
    if data["warnings"]:
        lines.append("warnings:")
    lines += _of_hosts(data["warnings"])
    if data.get("drift"):
        lines += ["engines that differ from pillar:", *_of_hosts(data["drift"])]
    return lines


def _of_hosts(found):
    return _indented(f"{host}: {line}" for host, lines in found.items() for line in lines)


def _last(data, problems):
    if problems:
        return f"{len(problems)} problem{'' if len(problems) == 1 else 's'}, named above"
    count = sum(data["nodes"].values())
    nodes = "1 node, ready" if count == 1 else f"{count} nodes, all of them ready"
    if data.get("drift"):
        one = len(data["drift"]) == 1
        other = (
            "engine of 1 host differs" if one else f"engines of {len(data['drift'])} hosts differ"
        )
        return f"healthy: {nodes}; the {other} from pillar"
    return f"healthy: {nodes} and as pillar says"
