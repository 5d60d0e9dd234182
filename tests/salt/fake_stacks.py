# SPDX-License-Identifier: Apache-2.0
"""Stacks in the memory of a cluster, with the results that the core's methods on stacks have.

It compares whole objects. What the core decides beyond that (order, adoption, pruning by revision) has
tests of its own; here the Salt side is tested.
"""

import copy
import hashlib

KINDS = ("networks", "secrets", "configs", "services")


class Stacks:
    """A part of ``fake_swarm.Machine``."""

    def _stacks(self, core, operation):
        cluster = self._managed(core, operation)
        if not hasattr(cluster, "stacks"):
            # {name: {"objects": {kind: {name: spec}}, "revisions": [...]}}
            cluster.stacks = {}
            # {service: why} of those whose next rollout fails, and of those that are not sent.
            cluster.failing, cluster.held, cluster.unhealthy = {}, {}, {}
            # Whether what fails cannot go back either.
            cluster.stuck = False
        return cluster

    @staticmethod
    def _objects(stack, contents, hash_names):
        found = copy.deepcopy({kind: stack[kind] for kind in KINDS})
        for kind in ("secrets", "configs"):
            for name, spec in found[kind].items():
                data = (
                    (contents or {}).get(name, b"") if kind == "secrets" else spec.get("Data", "")
                )
                data = data if isinstance(data, bytes) else str(data).encode()
                found[kind][name] = f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
        return found

    def _differences(self, before, after):
        changes = {}
        for kind in KINDS:
            old, new = before.get(kind, {}), after.get(kind, {})
            for name in sorted({*old, *new}):
                if old.get(name) == new.get(name):
                    continue
                change = {"action": "update", "changes": {}, "restarts": kind == "services"}
                if name not in old:
                    change.update(action="create", restarts=kind == "services")
                elif name not in new:
                    change.update(action="remove", restarts=False)
                if kind in ("secrets", "configs"):
                    change["changes"] = {"name": {"old": old.get(name), "new": new.get(name)}}
                    change["action"] = "create" if name in new else "remove"
                elif change["action"] == "update":
                    change["changes"] = {
                        "image": {"old": _image(old[name]), "new": _image(new[name])}
                    }
                changes.setdefault(kind, {})[name] = change
        return changes

    def do_stack_plan(self, core, stack, **options):
        return self._stack(core, stack, True, **options)

    def do_stack_apply(self, core, stack, **options):
        return self._stack(core, stack, False, **options)

    def _stack(
        self,
        core,
        stack,
        dry_run,
        contents=None,
        rollback=True,
        retry=False,
        hash_names=True,
        **more,
    ):
        cluster = self._stacks(core, "stack_apply")
        name = stack["name"]
        found = cluster.stacks.get(name) or {"objects": {}, "revisions": []}
        wanted = self._objects(stack, contents, hash_names)
        held = []
        for service, why in cluster.held.items():
            before = found["objects"].get("services", {}).get(service)
            if (
                service in wanted["services"]
                and wanted["services"][service] != before
                and not retry
            ):
                held.append({"service": service, "reason": why})
                wanted["services"].pop(service)
                if before is not None:
                    wanted["services"][service] = before
        ret = {
            "name": name,
            "changes": self._differences(found["objects"], wanted),
            "unchanged": {},
            "held": held,
            "unmanaged": {},
            "warnings": [],
            "revision": len(found["revisions"]),
            "failed": None,
        }
        if not ret["changes"]:
            return ret
        ret["revision"] += 1
        if dry_run:
            return ret
        self.written.append(name)
        for service, why in cluster.failing.items():
            if service in ret["changes"].get("services", {}):
                back = rollback and not cluster.stuck
                ret["failed"] = {"service": service, "reason": why, "rolled_back": back}
                ret["warnings"] += [f"going back failed: {service}: stuck"] * cluster.stuck
        if not (ret["failed"] and ret["failed"]["rolled_back"]):
            found["objects"] = wanted
        found["revisions"].insert(0, {"objects": wanted, "source": more.get("source"), **more})
        cluster.stacks[name] = found
        return ret

    def do_stack_remove(self, core, name, dry_run=False, **_):
        cluster = self._stacks(core, "stack_remove")
        found = cluster.stacks.get(name) or {"objects": {}, "revisions": []}
        if not dry_run and name in cluster.stacks:
            self.written.append(name)
            del cluster.stacks[name]
        removed = {kind: sorted(found["objects"].get(kind, {})) for kind in KINDS}
        return {
            "name": name,
            "removed": removed,
            "revisions": len(found["revisions"]),
            "warnings": [],
        }

    def do_stack_list(self, core, **_):
        cluster = self._stacks(core, "stack_list")
        return [
            {
                "name": name,
                **{kind: len(found["objects"].get(kind, {})) for kind in KINDS},
                "revision": len(found["revisions"]),
                "result": "ok",
                "time": 1764470000,
            }
            for name, found in sorted(cluster.stacks.items())
        ]

    def do_stack_status(self, core, name, stack=None, **_):
        cluster = self._stacks(core, "stack_status")
        if name not in cluster.stacks:
            raise core.NotFound(f"there is no stack {name}")
        found = cluster.stacks[name]
        revision = found["revisions"][0]["objects"]["services"]
        services = []
        for service, spec in found["objects"]["services"].items():
            row = {"service": service, "sync": "synced", "health": "healthy", "running": 1}
            row.update(desired=1, changes={}, message="")
            if spec != revision.get(service):
                row["sync"] = "drifted"
            if stack and stack["services"].get(service) != revision.get(service):
                row["sync"] = "out of sync"
            if row["sync"] != "synced":
                wanted = (stack or {"services": revision})["services"].get(service, {})
                row["changes"] = {"image": {"old": _image(spec), "new": _image(wanted)}}
            if service in cluster.unhealthy:
                row.update(health="degraded", running=0, message=cluster.unhealthy[service])
            services.append(row)
        worst = [row["sync"] for row in services if row["sync"] != "synced"]
        bad = [row["health"] for row in services if row["health"] != "healthy"]
        return {
            "name": name,
            "revision": len(found["revisions"]),
            "result": "ok",
            "sync": (worst or ["synced"])[0],
            "health": (bad or ["healthy"])[0],
            "services": services,
        }

    def do_stack_history(self, core, name, **_):
        cluster = self._stacks(core, "stack_history")
        found = cluster.stacks.get(name, {"revisions": []})["revisions"]
        return [
            {
                "revision": len(found) - at,
                "time": 1764470000,
                "result": "ok",
                "hash": "0" * 64,
                "source": one.get("source") or "",
                "who": one.get("who") or "",
                "services": sorted(one["objects"]["services"]),
                "failed": {},
                "missing": [],
            }
            for at, one in enumerate(found)
        ]

    def do_stack_rollback(self, core, name, to=None, plan=False, **_):
        cluster = self._stacks(core, "stack_rollback")
        found = cluster.stacks.get(name)
        numbers = [one["revision"] for one in self.do_stack_history(core, name)]
        if to not in (None, *numbers):
            known = ", ".join(map(str, numbers))
            raise core.NotFound(f"stack {name} has no revision {to}: there are {known}")
        at = 1 if to is None else len(found["revisions"]) - to
        wanted = found["revisions"][at]["objects"]
        ret = {"name": name, "changes": self._differences(found["objects"], wanted), "failed": None}
        ret.update(unchanged={}, held=[], unmanaged={}, warnings=[], revision=len(numbers) + 1)
        ret.update(to=numbers[at], stack={"services": wanted.get("services") or {}})
        if not plan and ret["changes"]:
            self.written.append(name)
            found["objects"] = wanted
            found["revisions"].insert(0, {"objects": wanted, "source": f"revision {to}"})
        return ret


def _image(spec):
    return ((spec or {}).get("TaskTemplate") or {}).get("ContainerSpec", {}).get("Image")
