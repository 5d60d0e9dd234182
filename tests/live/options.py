# SPDX-License-Identifier: Apache-2.0
"""
The options of `docker service create` and `docker service update`, each beside the same in compose's
words, and those that are left out with the reason.
"""

import dataclasses

IMAGE = "live:1"
# Nothing runs here: without IPVS in the kernel there is no virtual IP, and a task takes its time.
NONE = {"image": IMAGE, "deploy": {"replicas": 0}}

TWICE = "docker stores it twice"
CONFLICT = "docker refuses: a conflicting target"
ATTACHED = "docker refuses: the service is already attached to the network"
LOST = "docker 26.1 does not send it"

# Options of create whose form in update has -add and -rm behind it.
LISTS = [
    *["config", "constraint", "container-label", "dns", "dns-option", "dns-search", "env"],
    *["generic-resource", "group", "host", "label", "mount", "network", "placement-pref"],
    *["publish", "secret", "sysctl", "ulimit"],
]


def with_words(words, more):
    """Words of a service and more of them, of which deploy is merged."""
    return {**words, **more, "deploy": {**words["deploy"], **more.get("deploy", {})}}


@dataclasses.dataclass
class Option:
    """One option, or several that belong together."""

    create: str
    words: dict
    # What takes it from the service again; empty: the command has nothing for that.
    undo: str = ""
    # Given to `update`; None: as given to create, with -add behind those of LISTS.
    update: str | None = None
    # The command behind the image.
    command: str = ""
    # In the engine's words, what compose has no word for.
    patch: dict | None = None
    # Before this version of the API the command does not have it.
    since: str = ""
    # What happens where `update` gives what is there already, if it is not nothing.
    again: str = ""
    # Why `update` changes nothing, in the docker of some version.
    lost: str = ""

    def updating(self):
        if self.update is not None:
            return self.update
        return " ".join(
            f"{word}-add" if word.startswith("--") and word[2:] in LISTS else word
            for word in self.create.split(" ")
        )

    def names(self):
        """The names of all options in it, those of create and those of update."""
        found = [
            {w[2:].partition("=")[0] for w in text.split() if w.startswith("--")}
            for text in (self.create, f"{self.updating()} {self.undo}")
        ]
        return found[0], found[1]


def healthcheck(**words):
    return {"healthcheck": {"test": "true", **words}}


def deploy(**words):
    return {"deploy": words}


def resources(**words):
    return deploy(resources=words)


OPTIONS = [
    Option(
        "--cap-add net_admin --cap-add CAP_SYS_TIME",
        {"cap_add": ["CAP_NET_ADMIN", "sys_time"]},
        "--cap-drop net_admin --cap-drop sys_time",
    ),
    Option("--cap-drop chown", {"cap_drop": ["CHOWN"]}, "--cap-add chown"),
    Option(
        "--config source=live-config,target=/c,mode=0400",
        {"configs": [{"source": "live-config", "target": "/c", "mode": "0400"}]},
        "--config-rm live-config",
        again=CONFLICT,
    ),
    Option(
        "--constraint node.role==worker",
        deploy(placement={"constraints": ["node.role == worker"]}),
        "--constraint-rm node.role==worker",
        again=TWICE,
    ),
    Option("--container-label a=b", {"labels": {"a": "b"}}, "--container-label-rm a"),
    Option(
        "--credential-spec file://spec.json",
        {"credential_spec": {"file": "spec.json"}},
    ),
    Option(
        "--dns 10.1.1.1 --dns ::1",
        {"dns": ["10.1.1.1", "::1"]},
        "--dns-rm 10.1.1.1 --dns-rm ::1",
    ),
    Option("--dns-option timeout:3", {"dns_opt": ["timeout:3"]}, "--dns-option-rm timeout:3"),
    Option(
        "--dns-search example.org",
        {"dns_search": ["example.org"]},
        "--dns-search-rm example.org",
    ),
    Option("--endpoint-mode dnsrr", deploy(endpoint_mode="dnsrr"), "--endpoint-mode vip"),
    Option("--entrypoint '/bin/busybox sh'", {"entrypoint": ["/bin/busybox", "sh"]}),
    Option("--env A=1 --env B=", {"environment": {"B": "", "A": 1}}, "--env-rm A --env-rm B"),
    Option("--env-file /root/live.env", {"environment": {"F": "a b"}}, update="--env-add 'F=a b'"),
    Option(
        "--generic-resource gpu=2",
        resources(
            reservations={
                "generic_resources": [{"discrete_resource_spec": {"kind": "gpu", "value": 2}}]
            }
        ),
        "--generic-resource-rm gpu",
    ),
    Option("--group 1000", {"group_add": ["1000"]}, "--group-rm 1000", again=TWICE),
    Option(
        "--health-cmd true --health-interval 1m30s --health-retries 3 --health-start-period 5s --health-timeout 2s",
        healthcheck(interval="90s", retries=3, start_period="5s", timeout="2000ms"),
    ),
    Option(
        "--health-cmd true --health-start-interval 2s",
        healthcheck(start_interval="2s"),
        since="1.44",
        lost=LOST,
    ),
    Option("--no-healthcheck", {"healthcheck": {"disable": True}}),
    Option(
        "--host db:10.0.0.9 --host six:2001:db8::1",
        {"extra_hosts": ["six=2001:db8::1", "db:10.0.0.9"]},
        "--host-rm db:10.0.0.9 --host-rm six:2001:db8::1",
    ),
    Option("--hostname h", {"hostname": "h"}, "--hostname ''"),
    Option("--init", {"init": True}),
    Option("--init=false", {"init": False}),
    Option("--isolation hyperv", {"isolation": "hyperv"}, "--isolation default"),
    Option("--label a=b", deploy(labels={"a": "b"}), "--label-rm a"),
    Option(
        "--limit-cpu 0.5 --limit-memory 64m --limit-pids 9",
        resources(limits={"cpus": 0.5, "memory": "64m", "pids": 9}),
        "--limit-cpu 0 --limit-memory 0 --limit-pids 0",
    ),
    Option(
        "--log-driver json-file --log-opt max-size=1m",
        {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}},
    ),
    Option("--mode global", deploy(mode="global"), update=""),
    Option("--mode replicated-job", deploy(mode="replicated-job"), update="", since="1.41"),
    Option(
        "--mode replicated-job --max-concurrent 2",
        deploy(mode="replicated-job"),
        update="--max-concurrent 2",
        patch={"Mode": {"ReplicatedJob": {"MaxConcurrent": 2}}},
        since="1.41",
        lost=LOST,
    ),
    Option("--mode global-job", deploy(mode="global-job"), update="", since="1.41"),
    Option(
        "--mount type=volume,source=v,target=/v,readonly", {"volumes": ["v:/v:ro"]}, "--mount-rm /v"
    ),
    Option(
        "--mount type=volume,source=v,target=/v,volume-nocopy,volume-driver=local,volume-opt=o=1,volume-label=a=b",
        {
            "volumes": [
                {
                    "type": "volume",
                    "source": "v",
                    "target": "/v",
                    "volume": {
                        "nocopy": True,
                        "driver": "local",
                        "driver_opts": {"o": "1"},
                        "labels": {"a": "b"},
                    },
                }
            ]
        },
        "--mount-rm /v",
    ),
    Option(
        "--mount type=bind,source=/tmp,target=/t,bind-propagation=rslave",
        {
            "volumes": [
                {
                    "type": "bind",
                    "source": "/tmp",
                    "target": "/t",
                    "bind": {"propagation": "rslave"},
                }
            ]
        },
        "--mount-rm /t",
    ),
    Option(
        "--mount type=tmpfs,target=/m,tmpfs-size=1m,tmpfs-mode=0700",
        {"volumes": [{"type": "tmpfs", "target": "/m/", "tmpfs": {"size": "1m", "mode": "0700"}}]},
        "--mount-rm /m",
    ),
    Option(
        "--network name=live-net,alias=x",
        {"networks": {"live-net": {"aliases": ["x"]}}},
        "--network-rm live-net",
        again=ATTACHED,
    ),
    Option("--network host", {"networks": ["host"]}, "--network-rm host", again=ATTACHED),
    Option(
        "--placement-pref spread=node.labels.zone",
        deploy(placement={"preferences": [{"spread": "node.labels.zone"}]}),
        "--placement-pref-rm spread=node.labels.zone",
        again=TWICE,
    ),
    Option(
        "--publish 8080:80/udp --publish published=90,target=90,mode=host",
        {"ports": ["8080:80/udp", {"target": 90, "published": 90, "mode": "host"}]},
        "--publish-rm 80/udp --publish-rm target=90,published=90,mode=host",
    ),
    Option("--read-only", {"read_only": True}, "--read-only=false"),
    Option("--replicas 0", {}),
    Option(
        "--replicas-max-per-node 2",
        deploy(placement={"max_replicas_per_node": 2}),
        "--replicas-max-per-node 0",
    ),
    Option(
        "--reserve-cpu 0.25 --reserve-memory 32m",
        resources(reservations={"cpus": "0.25", "memory": "32mb"}),
        "--reserve-cpu 0 --reserve-memory 0",
    ),
    Option(
        "--restart-condition on-failure --restart-delay 3s --restart-max-attempts 2 --restart-window 9s",
        deploy(
            restart_policy={
                "condition": "on-failure",
                "delay": "3s",
                "max_attempts": 2,
                "window": "9s",
            }
        ),
        "--restart-condition any --restart-delay 5s --restart-max-attempts 0 --restart-window 0s",
    ),
    Option(
        "--rollback-delay 2s --rollback-failure-action continue --rollback-max-failure-ratio 0.5 --rollback-monitor 3s --rollback-order start-first --rollback-parallelism 2",
        deploy(
            rollback_config={
                "delay": "2s",
                "failure_action": "continue",
                "max_failure_ratio": 0.5,
                "monitor": "3s",
                "order": "start-first",
                "parallelism": 2,
            }
        ),
        "--rollback-delay 0s --rollback-failure-action pause --rollback-max-failure-ratio 0 --rollback-monitor 5s --rollback-order stop-first --rollback-parallelism 1",
    ),
    Option(
        "--secret source=live-secret,target=s,uid=5",
        {"secrets": [{"source": "live-secret", "target": "s", "uid": "5", "mode": "0444"}]},
        "--secret-rm live-secret",
        again=CONFLICT,
    ),
    Option("--stop-grace-period 1m", {"stop_grace_period": "60s"}, "--stop-grace-period 10s"),
    Option("--stop-signal SIGINT", {"stop_signal": "SIGINT"}, "--stop-signal ''"),
    Option(
        "--sysctl net.core.somaxconn=99",
        {"sysctls": {"net.core.somaxconn": 99}},
        "--sysctl-rm net.core.somaxconn",
    ),
    Option("--tty", {"tty": True}, "--tty=false"),
    Option(
        "--ulimit nofile=10:20 --ulimit core=-1",
        {"ulimits": {"core": -1, "nofile": {"soft": 10, "hard": 20}}},
        "--ulimit-rm nofile --ulimit-rm core",
    ),
    Option(
        "--update-delay 2s --update-failure-action rollback --update-max-failure-ratio 0.5 --update-monitor 3s --update-order start-first --update-parallelism 0",
        deploy(
            update_config={
                "delay": "2s",
                "failure_action": "rollback",
                "max_failure_ratio": 0.5,
                "monitor": "3s",
                "order": "start-first",
                "parallelism": 0,
            }
        ),
        "--update-delay 0s --update-failure-action pause --update-max-failure-ratio 0 --update-monitor 5s --update-order stop-first --update-parallelism 1",
    ),
    Option("--user 5:6", {"user": "5:6"}, "--user ''"),
    Option("--workdir /w", {"working_dir": "/w"}, "--workdir ''"),
    Option(
        "", {"command": ["a", "b c"]}, "--args ''", update="--args 'a \"b c\"'", command="a 'b c'"
    ),
    Option("", {"image": "live:2"}, f"--image {IMAGE}", update="--image live:2"),
    Option("", {}, update="--force"),
    Option("--oom-score-adj -100", {"oom_score_adj": -100}, "--oom-score-adj 0", since="1.46"),
]

# Neither in the table nor a word of a service, with the reason.
LEFT_OUT = {
    "detach": "how long the command waits; all calls here have it",
    "help": "prints the options",
    "name": "the name of the service, in all calls here",
    "no-resolve-image": "what the command asks the registry; all calls here have it",
    "quiet": "what the command prints; all calls here have it",
    "rollback": "an action: Client.service_rollback, in test_client.py",
    "with-registry-auth": "sends credentials, which no spec has: in test_client.py",
}
