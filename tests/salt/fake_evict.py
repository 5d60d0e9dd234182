# SPDX-License-Identifier: Apache-2.0
"""Nodes that are emptied, in the memory of a cluster: ``residents`` says what is on each, and its way."""


class Evictions:
    """A part of ``fake_swarm.Machine``."""

    def do_evict_plan(self, core, node, allow=None, force=False, wait=False, **_):
        _, found = self._node(core, "evict_plan", node)
        rows = []
        for row in self.cluster.residents.get(found["id"], ()):
            row = dict(row)
            if wait and row.pop("passes", False):
                # In the middle of an update, which ends.
                row["way"] = "move"
            if row["way"] == "stay" and (force or row["service"] in (allow or ())):
                row["way"] = "stop"
            rows.append(row)
        stays = [f"{row['service']}: {row['why']}" for row in rows if row["way"] == "stay"]
        refusal = f"{found['hostname']} is not drained: {'; '.join(stays)}" if stays else ""
        keys = ("id", "hostname", "availability")
        return {**{key: found[key] for key in keys}, "services": rows, "refusal": refusal}

    def do_evict_plans(self, core, nodes, allow=None, **_):
        return [self.do_evict_plan(core, node, allow) for node in nodes]

    def do_evict(self, core, node, allow=None, force=False, drain=False, reason=None, **_):
        plan = self.do_evict_plan(core, node, allow, force, wait=True)
        if plan["refusal"]:
            raise core.Conflict(plan["refusal"])
        found = self.cluster.nodes[plan["id"]]
        if found["availability"] != "drain":
            found["labels"]["saltext.swarm.was"] = found["availability"]
            found["labels"]["saltext.swarm.reason"] = reason or "evict"
        found["availability"] = "drain"
        self.cluster.residents.pop(plan["id"], None)
        warning = "web: 1 of its tasks still there" if drain and plan["services"] else ""
        return {**plan, "old": plan["availability"], "new": "drain", "warning": warning}

    def do_evict_undo(self, core, node, **_):
        _, found = self._node(core, "evict_undo", node)
        was_there = found["availability"]
        labels = self.cluster.nodes[found["id"]]["labels"]
        was = labels.pop("saltext.swarm.was", None)
        labels.pop("saltext.swarm.reason", None)
        if was:
            self.cluster.nodes[found["id"]]["availability"] = was
        new = self.cluster.nodes[found["id"]]["availability"]
        back = {"id": found["id"], "hostname": found["hostname"]}
        return {**back, "old": was_there, "new": new, "services": []}
