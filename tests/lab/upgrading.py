# SPDX-License-Identifier: Apache-2.0
"""What the tests of docker.upgrade and docker.reboot share: a service, probes, plans, versions."""

import re

from conftest import until

# Each line says how many tasks of web run, of how many; a manager that restarts says nothing.
PROBE = (
    "exec >/var/tmp/probe; while :; do docker service ls --filter name=web --format {{.Replicas}};"
    " sleep 0.1; done"
)
# Writes of another hand, each 0.3 s.
WRITE = (
    "exec >/var/tmp/writes 2>&1; n=0; while :; do n=$((n+1)); docker node update --label-add"
    " lab-$(hostname)=$n worker1 >/dev/null && echo good; sleep 0.3; done"
)
SERVE = "trap exit TERM; /bin/busybox sleep 100000 & wait"
# A swarm of one manager has no quorum margin, which a run refuses by itself.
ALONE = {"swarm_ignore": ["quorum-margin"]}


def give_web(lab, *workers):
    """A service of four tasks that starts its new tasks first."""
    lab.give_image(*workers)
    options = "--detach --no-resolve-image --endpoint-mode dnsrr --update-order start-first"
    options += " --update-parallelism 2 --update-monitor 1s --name web --replicas 4"
    lab.shell("manager1", f"docker service create {options} lab:1 /bin/busybox sh -c '{SERVE}'")
    until(lambda: running(lab) == 4, "web runs")


def running(lab):
    shown = lab.shell("manager1", "docker service ls --filter name=web --format '{{.Replicas}}'")
    return int(shown.out.partition("/")[0] or 0)


def begin_probes(lab, *managers):
    for name in managers:
        for unit, script in (("probe", PROBE), ("writes", WRITE)):
            lab.shell(name, f"systemd-run --unit={unit} --collect sh -c '{script}'")


def end_probes(lab, *managers):
    """``{manager: what its probes wrote}``; web never had fewer than its four tasks."""
    wrote = {}
    for name in managers:
        lab.shell(name, "systemctl stop probe writes")
        wrote[name] = lab.shell(name, "cat /var/tmp/probe /var/tmp/writes").out
        shown = set(re.findall(r"^(\d+)/4$", wrote[name], re.M))
        assert shown and min(map(int, shown)) >= 4, (name, shown)
    return wrote


def stored(lab):
    return lab.one("manager1", "swarm.call", "service_inspect", "id=web")


def assert_spec(lab, spec):
    """The spec is what it was, and a rollback would not bring anything else."""
    service = stored(lab)
    assert service["Spec"] == spec == service.get("PreviousSpec", spec)


def versions(lab):
    return {name: node["engine_version"].split("+")[0] for name, node in lab.nodes().items()}


def plan_of(run):
    """The hash that a run asks for; None if it asks for none."""
    found = re.search(r"swarm_plan[\\\": ]+([0-9a-f]{12})", run.out)
    return found and found[1]


def until_free(lab, hosts):
    """What a killed run left running on the hosts has ended."""

    def busy():
        jobs = lab.salt(",".join(hosts), "saltutil.running", check=False)
        return [job for found in jobs.values() for job in found or [] if "swarm" in str(job)]

    until(lambda: not busy(), "the jobs of the killed run have ended", seconds=240)
