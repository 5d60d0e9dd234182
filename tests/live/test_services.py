# SPDX-License-Identifier: Apache-2.0
"""
Declared services against a real engine, and against docker's own command: the same service by both is the
same to each of them, and a service goes through its life as it is declared.
"""

import pytest
from conftest import HOSTS, until

IMAGE = "live:1"
# Nothing runs here: without IPVS in the kernel there is no virtual IP, and a task takes its time.
NONE = {"image": IMAGE, "deploy": {"replicas": 0}}
JOB = {"image": IMAGE, "deploy": {"mode": "replicated-job", "replicas": 0}}

# What `docker service create` is given, and the same in compose's words.
OPTIONS = [
    ("--cap-add net_admin --cap-add CAP_SYS_TIME", {"cap_add": ["CAP_NET_ADMIN", "sys_time"]}),
    ("--cap-drop chown", {"cap_drop": ["CHOWN"]}),
    (
        "--config source=live-config,target=/c,mode=0400",
        {"configs": [{"source": "live-config", "target": "/c", "mode": "0400"}]},
    ),
    (
        "--constraint node.role==worker",
        {"deploy": {"placement": {"constraints": ["node.role == worker"]}}},
    ),
    ("--container-label a=b", {"labels": {"a": "b"}}),
    ("--dns 10.1.1.1 --dns ::1", {"dns": ["10.1.1.1", "::1"]}),
    ("--dns-option timeout:3", {"dns_opt": ["timeout:3"]}),
    ("--dns-search example.org", {"dns_search": ["example.org"]}),
    ("--endpoint-mode dnsrr", {"deploy": {"endpoint_mode": "dnsrr"}}),
    ("--entrypoint '/bin/busybox sh'", {"entrypoint": ["/bin/busybox", "sh"]}),
    ("--env A=1 --env B=", {"environment": {"B": "", "A": 1}}),
    (
        "--generic-resource gpu=2",
        {
            "deploy": {
                "resources": {
                    "reservations": {
                        "generic_resources": [
                            {"discrete_resource_spec": {"kind": "gpu", "value": 2}}
                        ]
                    }
                }
            }
        },
    ),
    ("--group 1000", {"group_add": ["1000"]}),
    (
        "--health-cmd true --health-interval 1m30s --health-retries 3 --health-start-period 5s --health-timeout 2s",
        {
            "healthcheck": {
                "test": "true",
                "interval": "90s",
                "retries": 3,
                "start_period": "5s",
                "timeout": "2000ms",
            }
        },
    ),
    ("--no-healthcheck", {"healthcheck": {"disable": True}}),
    (
        "--host db:10.0.0.9 --host six:2001:db8::1",
        {"extra_hosts": ["six=2001:db8::1", "db:10.0.0.9"]},
    ),
    ("--hostname h", {"hostname": "h"}),
    ("--init", {"init": True}),
    ("--init=false", {"init": False}),
    ("--label a=b", {"deploy": {"labels": {"a": "b"}}}),
    (
        "--limit-cpu 0.5 --limit-memory 64m --limit-pids 9",
        {"deploy": {"resources": {"limits": {"cpus": 0.5, "memory": "64m", "pids": 9}}}},
    ),
    (
        "--log-driver json-file --log-opt max-size=1m",
        {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}},
    ),
    ("--mount type=volume,source=v,target=/v,readonly", {"volumes": ["v:/v:ro"]}),
    (
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
    ),
    (
        "--mount type=tmpfs,target=/m,tmpfs-size=1m,tmpfs-mode=0700",
        {"volumes": [{"type": "tmpfs", "target": "/m/", "tmpfs": {"size": "1m", "mode": "0700"}}]},
    ),
    ("--network name=live-net,alias=x", {"networks": {"live-net": {"aliases": ["x"]}}}),
    ("--network host", {"networks": ["host"]}),
    (
        "--placement-pref spread=node.labels.zone",
        {"deploy": {"placement": {"preferences": [{"spread": "node.labels.zone"}]}}},
    ),
    (
        "--publish 8080:80/udp --publish published=90,target=90,mode=host",
        {"ports": ["8080:80/udp", {"target": 90, "published": 90, "mode": "host"}]},
    ),
    ("--read-only", {"read_only": True}),
    ("--replicas-max-per-node 2", {"deploy": {"placement": {"max_replicas_per_node": 2}}}),
    (
        "--reserve-cpu 0.25 --reserve-memory 32m",
        {"deploy": {"resources": {"reservations": {"cpus": "0.25", "memory": "32mb"}}}},
    ),
    (
        "--restart-condition on-failure --restart-delay 3s --restart-max-attempts 2 --restart-window 9s",
        {
            "deploy": {
                "restart_policy": {
                    "condition": "on-failure",
                    "delay": "3s",
                    "max_attempts": 2,
                    "window": "9s",
                }
            }
        },
    ),
    (
        "--rollback-delay 2s --rollback-failure-action continue --rollback-max-failure-ratio 0.5 --rollback-monitor 3s --rollback-order start-first --rollback-parallelism 2",
        {
            "deploy": {
                "rollback_config": {
                    "delay": "2s",
                    "failure_action": "continue",
                    "max_failure_ratio": 0.5,
                    "monitor": "3s",
                    "order": "start-first",
                    "parallelism": 2,
                }
            }
        },
    ),
    (
        "--secret source=live-secret,target=s,uid=5",
        {"secrets": [{"source": "live-secret", "target": "s", "uid": "5", "mode": "0444"}]},
    ),
    ("--stop-grace-period 1m", {"stop_grace_period": "60s"}),
    ("--stop-signal SIGINT", {"stop_signal": "SIGINT"}),
    ("--sysctl net.core.somaxconn=99", {"sysctls": {"net.core.somaxconn": 99}}),
    ("--tty", {"tty": True}),
    (
        "--ulimit nofile=10:20 --ulimit core=-1",
        {"ulimits": {"core": -1, "nofile": {"soft": 10, "hard": 20}}},
    ),
    (
        "--update-delay 2s --update-failure-action rollback --update-max-failure-ratio 0.5 --update-monitor 3s --update-order start-first --update-parallelism 0",
        {
            "deploy": {
                "update_config": {
                    "delay": "2s",
                    "failure_action": "rollback",
                    "max_failure_ratio": 0.5,
                    "monitor": "3s",
                    "order": "start-first",
                    "parallelism": 0,
                }
            }
        },
    ),
    ("--user 5:6", {"user": "5:6"}),
    ("--workdir /w", {"working_dir": "/w"}),
]
# No word of a service's spec: how the command itself behaves (--detach, --quiet, --no-resolve-image,
# --with-registry-auth, --env-file), Windows alone (--credential-spec, --isolation), the name and the image.
# --max-concurrent has no word in compose: spec_patch. --health-start-interval is newer than 20.10.


@pytest.fixture(scope="module")
def docker(machines, clients):
    """docker's own command on the first manager, and what the options name."""
    run = machines["manager1"].run
    run(
        "docker network create -d overlay live-net; echo x | docker secret create live-secret -; echo x | docker config create live-config -"
    )
    yield lambda command: run(f"docker {command}")
    run(
        "docker service rm live-cli live-own || true; docker network rm live-net; docker secret rm live-secret; docker config rm live-config",
        check=False,
    )


def with_options(words, more):
    merged = {**words, **more}
    merged["deploy"] = {**words["deploy"], **more.get("deploy", {})}
    return merged


def in_words(swarm, spec, options):
    """A spec in compose's words, without what docker's command sends also where nothing is asked for."""
    words = swarm.spec_words(spec, show_env=True)
    if "--init" not in options and words.get("init") is False:
        del words["init"]
    if words["deploy"].get("endpoint_mode") == "vip":
        del words["deploy"]["endpoint_mode"]
    return words


@pytest.mark.parametrize(("options", "words"), OPTIONS, ids=[one.split()[0] for one, _ in OPTIONS])
def test_the_same_service_by_docker_and_as_declared(swarm, client, docker, options, words):
    declared = with_options(NONE, words)

    def unchanged(name):
        """What is there is as declared, and nothing is sent: the next write would keep what was before."""
        again = client.service_apply(name, declared, resolve_image="never")
        assert (again["action"], again["changes"]) == ("none", {}), name
        found = client.object_inspect("service", name)
        assert "PreviousSpec" not in found
        return found["Spec"]

    try:
        docker(
            f"service create -q -d --no-resolve-image --replicas 0 --name live-cli {options} {IMAGE}"
        )
        cli = unchanged("live-cli")
        # What is not given of the other's is what it sends also unasked, and nothing else.
        given = {"init": False, **declared}
        strict = client.service_diff("live-cli", given, strict=True, resolve_image="never")
        assert strict["changes"] == {}
    finally:
        docker("service rm live-cli")
    try:
        made = client.service_apply("live-own", declared, resolve_image="never")
        assert made["action"] == "create"
        own = unchanged("live-own")
    finally:
        docker("service rm live-own || true")
    assert in_words(swarm, cli, options) == in_words(swarm, own, options)


def test_of_dockers_update_nothing_differs_in_what_was_declared(client, docker):
    """`docker service update` sends what it would send; the spec of ours stays as it is."""
    try:
        client.service_apply(
            "live-own", with_options(NONE, {"hostname": "h", "tty": True}), resolve_image="never"
        )
        before = client.object_inspect("service", "live-own")["Spec"]
        docker("service update -q -d --no-resolve-image --hostname h --tty live-own")
        after = client.object_inspect("service", "live-own")["Spec"]
        assert (
            client.service_diff(
                "live-own",
                with_options(NONE, {"hostname": "h", "tty": True}),
                resolve_image="never",
            )["changes"]
            == {}
        )
        assert (
            after["TaskTemplate"]["ContainerSpec"]["Hostname"]
            == before["TaskTemplate"]["ContainerSpec"]["Hostname"]
        )
    finally:
        docker("service rm live-own")


# --- a life ---------------------------------------------------------------------------------------

SLEEPS = {
    "image": IMAGE,
    "command": ["/bin/busybox", "sleep", "1000"],
    "stop_grace_period": "0s",
    "deploy": {
        "replicas": 2,
        "endpoint_mode": "dnsrr",
        "update_config": {"monitor": "1s", "parallelism": 2, "failure_action": "rollback"},
    },
}


@pytest.fixture
def apply(client):
    """Declare services; they are removed after the test."""
    made = set()

    def run(name, words, unchanged=False, timeout=60, **options):
        made.add(name)
        done = client.service_apply(name, words, resolve_image="never", **options)
        return done, client.service_settle(done["id"], unchanged=unchanged, timeout=timeout)

    yield run
    for name in made:
        client.object_remove("service", name)


def test_a_second_run_sends_nothing(client, apply):
    _, settled = apply("live-life", SLEEPS)
    assert (settled["outcome"], settled["text"]) == ("converged", "2 of 2 tasks are running")
    apply("live-life", {**SLEEPS, "environment": {"A": "1"}})
    before = client.object_inspect("service", "live-life")
    done, settled = apply("live-life", {**SLEEPS, "environment": {"A": "1"}}, unchanged=True)
    assert done["action"] == "none" and settled["outcome"] == "converged"
    after = client.object_inspect("service", "live-life")
    assert (after["Version"], after["PreviousSpec"]) == (before["Version"], before["PreviousSpec"])


def test_a_rollout_that_swarm_rolled_back_is_not_sent_again(client, apply):
    apply("live-back", SLEEPS)
    bad = {**SLEEPS, "command": ["/bin/busybox", "false"]}
    done, settled = apply("live-back", bad)
    assert done["action"] == "update" and settled["outcome"] == "rolled_back"
    assert "non-zero exit (1)" in settled["text"]
    before = client.object_inspect("service", "live-back")["Version"]
    done = client.service_apply("live-back", bad, resolve_image="never")
    assert done["action"] == "rolled_back" and "non-zero exit (1)" in done["rolled_back"]
    assert client.object_inspect("service", "live-back")["Version"] == before
    # What runs is what is declared: history.
    assert apply("live-back", SLEEPS, unchanged=True)[1]["outcome"] == "converged"
    assert (
        client.service_diff("live-back", bad, resolve_image="never", retry=True)["action"]
        == "update"
    )


def test_a_job_runs_once_until_it_is_triggered(client, apply):
    job = {
        "image": IMAGE,
        "command": ["/bin/busybox", "true"],
        "deploy": {"mode": "replicated-job"},
    }
    if client.api_version() < "1.41":
        pytest.skip("the engine has no jobs before 1.41")

    def runs():
        return client.object_inspect("service", "live-job")["JobStatus"]["JobIteration"].get(
            "Index", 0
        )

    assert apply("live-job", job)[1]["text"] == "1 of 1 tasks are complete"
    assert apply("live-job", job)[0]["action"] == "none" and runs() == 0
    assert apply("live-job", job, job_trigger="a")[1]["outcome"] == "converged" and runs() == 1
    done, _ = apply(
        "live-job", {**job, "deploy": {**job["deploy"], "labels": {"a": "b"}}}, job_trigger="a"
    )
    assert done["action"] == "none" and "run the job again" in done["warnings"][0] and runs() == 1


def test_a_job_that_fails_tells_its_exit_code(apply):
    job = {"image": IMAGE, "command": ["/bin/busybox", "sh", "-c", "exit 3"]}
    job["deploy"] = {"mode": "replicated-job", "restart_policy": {"condition": "none"}}
    _, settled = apply("live-bad", job)
    assert (settled["outcome"], settled["exit_code"]) == ("failed", 3)


def test_no_node_fits(apply):
    words = with_options(
        SLEEPS,
        {"deploy": {**SLEEPS["deploy"], "placement": {"constraints": ["node.labels.zone==b"]}}},
    )
    _, settled = apply("live-nowhere", words, timeout=5)
    assert settled["outcome"] == "timeout" and "no suitable node" in settled["text"]
    assert sorted(settled["nodes"]) == [
        f"{name}: constraint node.labels.zone==b (the node has none)" for name in sorted(HOSTS)
    ]


def test_force_update_restarts_once_for_a_text(client, apply):
    apply("live-force", SLEEPS, force_update="1")

    def forced():
        return client.object_inspect("service", "live-force")["Spec"]["TaskTemplate"].get(
            "ForceUpdate", 0
        )

    assert forced() == 0
    assert apply("live-force", SLEEPS, force_update="2")[0]["restarts"] == "tasks" and forced() == 1
    assert apply("live-force", SLEEPS, force_update="2")[0]["action"] == "none"
    # A later change of a label restarts nothing.
    labelled = {**SLEEPS, "deploy": {**SLEEPS["deploy"], "labels": {"a": "b"}}}
    assert apply("live-force", labelled, force_update="2", unchanged=True)[0]["restarts"] == "no"
    assert forced() == 1


def test_another_mode_is_another_service(swarm, client, apply):
    made, _ = apply("live-mode", SLEEPS)
    world = {**SLEEPS, "deploy": {"mode": "global", "endpoint_mode": "dnsrr"}}
    with pytest.raises(swarm.Conflict, match="give replace: True"):
        client.service_apply("live-mode", world, resolve_image="never")
    done, settled = apply("live-mode", world, replace=True)
    assert done["action"] == "replace" and done["id"] != made["id"]
    assert settled["total"] == len(HOSTS)


def test_a_number_that_was_set_by_hand_stays(client, apply):
    apply("live-scaled", SLEEPS)
    client.service_scale("live-scaled", 1)
    deploy = {key: value for key, value in SLEEPS["deploy"].items() if key != "replicas"}
    assert apply("live-scaled", {**SLEEPS, "deploy": deploy})[0]["action"] == "none"
    spec = client.object_inspect("service", "live-scaled")["Spec"]
    assert spec["Mode"]["Replicated"]["Replicas"] == 1


def test_a_patch_in_the_engines_words(swarm, client, apply):
    patch = {"TaskTemplate": {"ContainerSpec": {"Hosts": ["10.0.0.1 a"]}}}
    done, _ = apply("live-patch", SLEEPS)
    done, _ = apply("live-patch", SLEEPS, spec_patch=patch)
    assert "spec_patch.TaskTemplate.ContainerSpec.Hosts" in done["changes"]
    assert apply("live-patch", SLEEPS, spec_patch=patch)[0]["action"] == "none"
    wrong = {"TaskTemplate": {"ContainerSpec": {"Hsts": ["x"]}}}
    with pytest.raises(swarm.VersionError, match=r"spec_patch\.TaskTemplate\.ContainerSpec\.Hsts"):
        client.service_apply("live-patch", SLEEPS, resolve_image="never", spec_patch=wrong)


def test_another_writers_label_survives(client, apply):
    apply("live-other", SLEEPS)
    client.object_update("service", "live-other", {"Labels": {"by": "hand"}})
    apply("live-other", {**SLEEPS, "hostname": "h"})
    spec = client.object_inspect("service", "live-other")["Spec"]
    assert spec["Labels"] == {"by": "hand"}
    until(lambda: client.task_why("live-other") == [], 20, "tasks still wait")
