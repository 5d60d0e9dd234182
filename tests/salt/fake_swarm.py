# SPDX-License-Identifier: Apache-2.0
"""Hosts with engines, and swarms of them, in memory: what the Salt side can see of a real one.

Time does not pass here: an operation is done when it returns. What the engine itself does over time
(pending joins, lost contact) is set on the machine by the test.
"""

import copy
import itertools
import shutil
from pathlib import Path

import ca
import fake_core
import fake_evict
import fake_stacks
import real_health

_NUMBERS = itertools.count(1)

# As a fresh cluster has it: what is zero or empty the engine leaves out.
SPEC = {
    "Name": "default",
    "Labels": {},
    "Orchestration": {"TaskHistoryRetentionLimit": 5},
    "Raft": {
        "SnapshotInterval": 10000,
        "LogEntriesForSlowFollowers": 500,
        "ElectionTick": 10,
        "HeartbeatTick": 1,
    },
    "Dispatcher": {"HeartbeatPeriod": 5_000_000_000},
    "CAConfig": {"NodeCertExpiry": 7_776_000_000_000_000},
    "TaskDefaults": {},
    "EncryptionConfig": {"AutoLockManagers": False},
}


def merged(tree, patch):
    """A merge patch (RFC 7396) applied."""
    ret = dict(tree)
    for key, value in patch.items():
        if value is None:
            ret.pop(key, None)
        else:
            ret[key] = merged(ret.get(key) or {}, value) if isinstance(value, dict) else value
    return ret


def new_id(kind):
    """An id of 25 characters, as the engine's."""
    return f"{kind}{next(_NUMBERS):0{25 - len(kind)}d}"


class Network:
    """The machines by address.

    silent
        ``ip:port`` that neither accept nor refuse a connection.
    """

    def __init__(self):
        self.machines = {}
        self.silent = set()

    def listens(self, address):
        machine = self.at(address)
        return machine is not None and machine.leads_or_follows()

    def at(self, address):
        """The machine at ``address[:2377]``, or None."""
        host, _, port = address.partition(":")
        return self.machines.get(host) if port in ("", "2377") else None


class Cluster:
    """One swarm: its records, its tokens, who of its managers is there."""

    def __init__(self, network):
        self.network = network
        self.id = new_id("cluster")
        self.digest = f"{next(_NUMBERS):050d}"
        self.tokens = {role: self._new_token() for role in ("worker", "manager")}
        self.nodes = {}
        # By name, as the engine has them; and what a wait for one of them comes to, where it is not a success.
        self.services = {}
        self.outcomes = {}
        # [(run, orchestration, master)] that took its lock, or renewed it.
        self.locks = []
        # The engine's own lists: {"services" or "tasks": [as the API has them]}.
        self.listed = {}
        # What evict_plan says of the services on a node, by its id.
        self.residents = {}
        # What rebalance_plan says of the services that are not even.
        self.uneven = []
        # {name: why} of services whose next spec swarm has rolled back before.
        self.rolled_back = {}
        self.spec = copy.deepcopy(SPEC)
        self.unlock_key = ""
        self.created = "2026-01-01T00:00:00.5Z"
        # For how many more looks a rotation of the CA goes on, and to which root of one's own.
        self.rotating = 0
        self.coming = None
        self.root = ca.pair("made by the engine")[0]

    def _new_token(self):
        return f"SWMTKN-1-{self.digest}-{next(_NUMBERS):025d}"

    def rotate(self, role):
        self.tokens[role] = self._new_token()

    def add(self, machine, role, availability):
        node = {
            "id": new_id("node"),
            "hostname": machine.name,
            "role": role,
            "availability": availability or "active",
            "message": "",
            "addr": machine.address,
            "engine_version": "26.1.5",
            "member": role == "manager",
            "manager_addr": f"{machine.address}:2377" if role == "manager" else "",
            "labels": {},
        }
        self.nodes[node["id"]] = node
        machine.state, machine.node_id, machine.cluster = "active", node["id"], self
        machine.manager = role == "manager"
        return node

    def machine(self, node):
        """The machine that runs as this node; None where it left, or is off."""
        for machine in self.network.machines.values():
            if machine.docker == "running" and machine.node_id == node["id"]:
                return machine
        return None

    def renew_ca(self):
        self.digest = f"{next(_NUMBERS):050d}"
        self.root, self.coming = self.coming or ca.pair(f"root {next(_NUMBERS)}")[0], None
        for role in self.tokens:
            self.rotate(role)

    def goes_on(self):
        """Whether a rotation of the CA goes on; with the last look it has ended."""
        self.rotating -= self.rotating > 0
        if self.rotating == 1:
            self.renew_ca()
        return self.rotating > 0

    def set_role(self, core, node, role):
        """The managers' raft group follows at once; a demotion may not cost it the quorum."""
        if role == "worker" and node["member"]:
            self.check_quorum(core, node)
        node.update(role=role, member=role == "manager")
        node["manager_addr"] = f"{node['addr']}:2377" if node["member"] else ""
        machine = self.machine(node)
        if machine:
            machine.manager = node["member"]

    def check_quorum(self, core, node, gone=(), joining=0):
        gone = [*gone, node["id"]]
        others = len([one for one in self.members() if one["id"] not in gone]) + joining
        living = len([one for one in self.living() if one["id"] not in gone]) + joining
        if 2 * living <= others:
            raise core.QuorumError(f"without it {living} of {others} managers would be reachable")

    def inspect(self):
        """As the engine's ``GET /swarm``."""
        return {
            "ID": self.id,
            "CreatedAt": self.created,
            "UpdatedAt": "2026-01-02T00:00:00.5Z",
            "Spec": copy.deepcopy(self.spec),
            "JoinTokens": {role.capitalize(): token for role, token in self.tokens.items()},
            "DefaultAddrPool": ["10.0.0.0/8"],
            "SubnetSize": 24,
            "DataPathPort": 4789,
            "RootRotationInProgress": self.goes_on(),
            "TLSInfo": {"TrustRoot": self.root},
        }

    def members(self):
        return [node for node in self.nodes.values() if node["member"]]

    def living(self):
        return [node for node in self.members() if self.machine(node)]

    def leader(self):
        """The id of the leading manager; "" without a quorum."""
        living = self.living()
        return living[0]["id"] if 2 * len(living) > len(self.members()) else ""

    def rows(self):
        """As ``Client.node_list``."""
        rows = []
        for node in self.nodes.values():
            up = self.machine(node) is not None
            seen = node.get("seen") or ("ready" if up else "down")
            row = dict(node, state=seen, leader=node["id"] == self.leader())
            row["reachability"] = ("reachable" if up else "unreachable") if node["member"] else ""
            rows.append(row)
        return rows


class Machine(fake_evict.Evictions, fake_stacks.Stacks, real_health.Checks):
    """One host. ``docker`` is absent, stopped or running; ``state`` as the engine reports it.

    fail
        {operation: (exception's name, text)}: that operation raises it.
    calls
        [(operation, arguments)] of the clients on this host.
    root
        The engine's folder (``pathlib.Path``); an init or join deletes ``swarm`` in it.
    """

    def __init__(self, network, name, address, docker="running"):
        self.network, self.name, self.address, self.docker = network, name, address, docker
        self.fail = {}
        self.calls = []
        # Names of services that this host's jobs wrote; pieces of the log of any.
        self.written = []
        self.log = []
        self.root = Path("/nonexistent/docker")
        self.wipe()
        network.machines[address] = self

    def wipe(self):
        """As a fresh host, or one that left by force: it knows of no swarm."""
        self.state, self.error = "inactive", ""
        self.node_id, self.cluster, self.manager = "", None, False

    def certificate(self):
        """Return the certificate on its disk: a host that is not a member, or not yet, has none."""
        return {"node_id": self.node_id} if self.node_id else {}

    def leads_or_follows(self):
        return self.docker == "running" and self.state == "active" and self.manager

    def leads(self):
        return self.leads_or_follows() and self.cluster.leader() == self.node_id

    def changed_by(self):
        """The operations that this host was asked for and that change a swarm."""
        reads = ("local", "tokens", "node_list", "node_inspect", "quorum", "call")
        reads += ("unlock_key", "token_parse", "service_diff", "service_settle")
        reads += ("health", "health_wait", "evict_plan", "evict_plans", "rebalance_plan")
        reads += ("what_if", "lock_get", "lock_take", "lock_renew", "lock_release")
        reads += ("object_list", "service_list", "task_list", "spec_check", "logs")
        return [name for name, _ in self.calls if name not in reads]

    def _start(self, core, operation):
        if self.docker != "running":
            raise core.ConnectError("docker does not answer at unix:///var/run/docker.sock")
        if operation in self.fail:
            name, text, *status = self.fail[operation]
            error = getattr(core, name)(text)
            if status:
                error.status = status[0]
            raise error

    def _managed(self, core, operation):
        self._start(core, operation)
        if not self.leads_or_follows():
            raise core.NotManager("this node is not a swarm manager")
        if not self.cluster.leader():
            raise core.NoLeader("the swarm does not have a leader")
        return self.cluster

    def do_local(self, core, **_):
        self._start(core, "local")
        active = self.state == "active"
        members = self.cluster.members() if self.cluster else []
        lead = self.cluster.leader() if active and self.manager else ""
        return {
            "state": self.state,
            "manager": active and self.manager,
            "node_id": self.node_id,
            "node_addr": self.address if active else "",
            "name": self.name,
            "error": self.error,
            "cluster_id": self.cluster.id if lead else "",
            "engine_version": "26.1.5",
            "managers": [node["manager_addr"] for node in members],
            "manager_ids": [node["id"] for node in members],
            "warnings": [],
        }

    def do_init(self, core, **options):
        self._start(core, "init")
        if options.get("force_new_cluster") and self.manager:
            # A test that sets up a forced cluster by hand does not ask.
            if self.cluster.leader() and options.get("force_despite_leader") is False:
                raise core.AlreadyMember("the swarm of this host has a leader")
            return self._go_on_alone()
        if self.state != "inactive":
            raise core.AlreadyMember("this host is in a swarm already")
        shutil.rmtree(self.root / "swarm", ignore_errors=True)
        cluster = Cluster(self.network)
        return cluster.add(self, "manager", options.get("availability"))["id"]

    def _go_on_alone(self):
        """The records of the other managers stay, as those of managers that are in no raft group."""
        for node in self.cluster.nodes.values():
            if node["id"] != self.node_id:
                node.update(member=False, manager_addr="")
        return self.node_id

    def do_join(self, core, remote_addrs, token, digest=None, **options):
        self._start(core, "join")
        if digest and core.token_parse(token)["digest"] != digest:
            raise core.BadToken("the join token is of another swarm")
        replaced = self.state in ("pending", "error") and options.get("replace_pending")
        if self.state != "inactive" and not replaced:
            raise core.AlreadyMember("this host is in a swarm already")
        shutil.rmtree(self.root / "swarm", ignore_errors=True)
        listening = [addr for addr in remote_addrs if self.network.listens(addr)]
        if not listening:
            raise core.ConnectError(f"no manager listens at {', '.join(remote_addrs)}")
        cluster = self.network.at(listening[0]).cluster
        roles = [role for role, known in cluster.tokens.items() if known == token]
        if not roles:
            raise core.BadToken("the swarm does not know the join token")
        if not cluster.leader():
            raise core.NoLeader("the swarm does not have a leader")
        cluster.add(self, roles[0], options.get("availability"))
        if options.get("worker") and roles[0] == "manager":
            raise core.BadToken(
                "the join token is a manager's: this host joined as a manager, node"
                f" {self.node_id}; demote that node, or give a worker's token"
            )

    def do_leave(self, core, force=False, **_):
        self._start(core, "leave")
        if self.state == "inactive":
            raise core.NotMember("this node is not part of a swarm")
        if not force and (self.manager or self.state != "active"):
            raise core.Unavailable("this node is a manager: use force")
        self.wipe()

    def do_tokens(self, core):
        cluster = self._managed(core, "tokens")
        return {**cluster.tokens, "cluster_id": cluster.id}

    def do_node_list(self, core):
        return self._managed(core, "node_list").rows()

    def _node(self, core, operation, name):
        cluster = self._managed(core, operation)
        name = self.node_id if name == "self" else name
        for node in cluster.nodes.values():
            if name in (node["id"], node["hostname"]):
                return cluster, node
        raise core.NotFound(f"no node {name}")

    def do_node_inspect(self, core, node):
        _, found = self._node(core, "node_inspect", node)
        spec = {key: found[key.lower()] for key in ("Role", "Availability", "Labels")}
        # The engine leaves out an empty name.
        name = {"Hostname": found["hostname"]} if found["hostname"] else {}
        return {"ID": found["id"], "Spec": spec, "Description": name}

    def do_node_update(self, core, node, patch, **_):
        cluster, found = self._node(core, "node_update", node)
        old = self.do_node_inspect(core, found["id"])["Spec"]
        if patch.get("Role", found["role"]) != found["role"]:
            cluster.set_role(core, found, patch["Role"])
        for key, value in patch.items():
            if key == "Labels":
                value = {k: v for k, v in {**found["labels"], **value}.items() if v is not None}
            found[key.lower()] = value
        return {"id": found["id"], "old": old, "new": {**old, **patch}}

    def do_node_drain(self, core, node, **_):
        self._node(core, "node_drain", node)
        return self.do_node_update(core, node, {"Availability": "drain"})

    def do_rebalance_plan(self, core, services=None, **_):
        rows = self._managed(core, "rebalance_plan").uneven
        return [dict(row) for row in rows if services is None or row["service"] in services]

    def do_rebalance(self, core, services=None, **_):
        self._start(core, "rebalance")
        done = self.do_rebalance_plan(core, services)
        self.cluster.uneven = [row for row in done if row["way"] == "stay"]
        return done

    def do_node_promote(self, core, node, **_):
        return self._set_role(core, "node_promote", node, "manager")

    def do_node_demote(self, core, node, **_):
        return self._set_role(core, "node_demote", node, "worker")

    def _set_role(self, core, operation, node, role):
        self._start(core, operation)
        return self.do_node_update(core, node, {"Role": role})

    def do_ca_rotate(self, core, cert=None, **_):
        cluster = self._managed(core, "ca_rotate")
        cluster.coming = cert
        cluster.renew_ca()

    def do_quorum(self, core, leaving=None, joining=0, **_):
        cluster = self._managed(core, "quorum")
        gone = []
        for name in leaving or []:
            _, node = self._node(core, "quorum", name)
            if node["member"]:
                cluster.check_quorum(core, node, gone, joining or 0)
                gone.append(node["id"])
        members = len(cluster.members()) - len(gone) + (joining or 0)
        living = [one for one in cluster.living() if one["id"] not in gone]
        reachable, needed = len(living) + (joining or 0), members // 2 + 1
        return {
            "managers": members,
            "reachable": reachable,
            "needed": needed,
            "losses": max(0, reachable - needed),
        }

    # --- services

    def do_service_diff(self, core, name, service, **options):
        return self.do_service_apply(core, name, service, dry_run=True, **options)

    def do_service_apply(self, core, name, service, dry_run=False, **options):
        cluster = self._managed(core, "service_apply")
        found = cluster.services.get(name)
        before = found["Spec"] if found else None
        flags = {key: options[key] for key in ("strict", "show_env") if options.get(key)}
        try:
            merged = fake_core.real().spec_merge(before, service, name=name, **flags)
        except fake_core.real().InvalidArgument as exc:
            raise core.InvalidArgument(str(exc)) from None
        ret = {"id": found["ID"] if found else "", "warnings": merged["warnings"]}
        ret.update(action="none", changes=merged["changes"], restarts="no")
        if found and name in cluster.rolled_back and ret["changes"] and not options.get("retry"):
            return {**ret, "action": "rolled_back", "rolled_back": cluster.rolled_back[name]}
        if found and not ret["changes"]:
            return ret
        ret.update(action="update" if found else "create", restarts=merged["restarts"])
        if not dry_run:
            self.written.append(name)
            spec = {**merged["spec"], "Name": name}
            found = cluster.services.setdefault(name, {"ID": new_id("service"), "Version": 0})
            found.update(Spec=spec, PreviousSpec=before, Version=found["Version"] + 1)
            ret["id"] = found["ID"]
        return ret

    def _service(self, core, operation, ref):
        cluster = self._managed(core, operation)
        for one in cluster.services.values():
            if ref in (one["ID"], one["Spec"]["Name"]):
                return one
        raise core.NotFound(f"no service {ref}")

    def do_service_settle(self, core, service, **_):
        name = self._service(core, "service_settle", service)["Spec"]["Name"]
        good = {"outcome": "converged", "done": 1, "total": 1, "exit_code": 0, "nodes": []}
        good["text"] = "1 of 1 tasks are running"
        return {**good, **self.cluster.outcomes.get(name, {})}

    def do_service_scale(self, core, service, count, **_):
        found = self._service(core, "service_scale", service)
        self.written.append(found["Spec"]["Name"])
        found["Spec"]["Mode"]["Replicated"]["Replicas"] = count
        return {"old": {}, "new": found["Spec"]}

    def do_service_rollback(self, core, service, **_):
        found = self._service(core, "service_rollback", service)
        if not found["PreviousSpec"]:
            raise core.Conflict("there is no previous spec")
        self.written.append(found["Spec"]["Name"])
        found.update(Spec=found["PreviousSpec"], PreviousSpec=found["Spec"])

    def do_object_list(self, core, kind, **_):
        cluster = self._managed(core, "object_list")
        return list(cluster.services.values()) if kind == "service" else []

    def do_object_remove(self, core, kind, ref, **_):
        found = self._service(core, "object_remove", ref)
        self.written.append(found["Spec"]["Name"])
        del self.cluster.services[found["Spec"]["Name"]]

    def do_service_remove(self, core, service, **_):
        found = self._service(core, "service_remove", service)
        self.written.append(found["Spec"]["Name"])
        del self.cluster.services[found["Spec"]["Name"]]
        if found["Spec"]["Name"] in self.cluster.outcomes:
            raise core.Timeout("service web was removed, but 2 of its tasks have not ended")

    def do_task_list(self, core, **_):
        self._managed(core, "task_list")
        return []

    def do_logs(self, core, kind, ref, query=None, **_):
        self._service(core, "logs", ref)
        return iter(self.log)

    def do_node_prune(self, core, **_):
        cluster = self._managed(core, "node_prune")
        down = [row["id"] for row in cluster.rows() if row["state"] == "down"]
        gone = [one for one in down if not cluster.nodes[one]["member"]]
        for one in gone:
            del cluster.nodes[one]
        return gone

    def do_cluster_update(self, core, patch=None, **rotate):
        cluster = self._managed(core, "cluster_update")
        old, cluster.spec = cluster.spec, merged(cluster.spec, patch or {})
        for role in ("worker", "manager"):
            if rotate.get(f"rotate_{role}_token"):
                cluster.rotate(role)
        if not cluster.spec["EncryptionConfig"]["AutoLockManagers"]:
            cluster.unlock_key = ""
        elif not cluster.unlock_key or rotate.get("rotate_unlock_key"):
            cluster.unlock_key = f"SWMKEY-1-{next(_NUMBERS):043d}"
        return {"old": old, "new": cluster.spec}

    def do_unlock_key(self, core, rotate=False, **_):
        cluster = self._managed(core, "unlock_key")
        if not cluster.unlock_key:
            raise core.NotFound("autolock is off")
        if rotate:
            self.do_cluster_update(core, rotate_unlock_key=True)
        return cluster.unlock_key

    def do_unlock(self, core, key, **_):
        self._start(core, "unlock")
        if self.state != "locked":
            raise core.Conflict("this host is not locked")
        if key != self.cluster.unlock_key:
            raise core.BadKey("the unlock key is of another swarm, or an older one")
        self.state = "active"

    def do_node_remove(self, core, node, force=False, demote=False, **_):
        cluster, found = self._node(core, "node_remove", node)
        if cluster.machine(found) and not force:
            raise core.HTTPError(f"node {found['id']} is not down and can't be removed")
        if found["member"]:
            if not demote:
                raise core.HTTPError(f"node {found['id']} is a manager")
            cluster.check_quorum(core, found)
        del cluster.nodes[found["id"]]

    def _info(self, core):
        local = self.do_local(core)
        seen = zip(local["manager_ids"], local["managers"], strict=True)
        swarm = {"LocalNodeState": self.state, "NodeID": local["node_id"]}
        swarm.update(NodeAddr=local["node_addr"], ControlAvailable=self.manager)
        swarm["RemoteManagers"] = [dict(zip(("NodeID", "Addr"), one, strict=True)) for one in seen]
        return {"DockerRootDir": str(self.root), "ServerVersion": "26.1.5", "Swarm": swarm}

    def do_call(self, core, op, id=None, query=None, body=None, timeout=None):
        if op in ("info", "version"):
            return {**self._info(core), "ApiVersion": "1.45"}
        cluster = self._managed(core, op)
        if op == "swarm_inspect":
            return cluster.inspect()
        if op == "service_create":
            return {"ID": "service1"}
        if op == "service_inspect":
            return self.service
        return [] if op.endswith("_list") else None
