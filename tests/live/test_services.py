# SPDX-License-Identifier: Apache-2.0
"""
Declared services against a real engine: a service goes through its life as it is declared.
"""

import pytest
from conftest import HOSTS, until
from options import IMAGE, with_words

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


def test_a_failed_job_reports_its_exit_code(apply):
    job = {"image": IMAGE, "command": ["/bin/busybox", "sh", "-c", "exit 3"]}
    job["deploy"] = {"mode": "replicated-job", "restart_policy": {"condition": "none"}}
    _, settled = apply("live-bad", job)
    assert (settled["outcome"], settled["exit_code"]) == ("failed", 3)


def test_no_node_fits(apply):
    words = with_words(
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
    with pytest.raises(
        swarm.InvalidArgument, match=r"spec_patch\.TaskTemplate\.ContainerSpec\.Hsts"
    ):
        client.service_apply("live-patch", SLEEPS, resolve_image="never", spec_patch=wrong)


def test_another_writers_label_survives(client, apply):
    apply("live-other", SLEEPS)
    client.object_update("service", "live-other", {"Labels": {"by": "hand"}})
    apply("live-other", {**SLEEPS, "hostname": "h"})
    spec = client.object_inspect("service", "live-other")["Spec"]
    assert spec["Labels"] == {"by": "hand"}
    until(lambda: client.task_why("live-other") == [], 20, "tasks still wait")


@pytest.fixture
def specs(client):
    """Two configs, which go after the service that refers to them."""
    names = ["live-gmsa", "live-other"]
    for name in names:
        client.config_put(name, b"{}", fixed_name=True)
    yield names
    for name in names:
        client.object_remove("config", name)


def test_credentials_in_a_config(client, specs, apply):
    """No node runs Windows, so the service has no task."""
    nowhere = {**SLEEPS, "deploy": {"replicas": 0}}
    for name in specs:
        wanted = {**nowhere, "credential_spec": {"config": name}}
        apply("live-windows", wanted)
        assert apply("live-windows", wanted, unchanged=True)[0]["action"] == "none"
        spec = client.object_inspect("service", "live-windows")["Spec"]
        (reference,) = spec["TaskTemplate"]["ContainerSpec"]["Configs"]
        assert reference["ConfigName"] == name and "Runtime" in reference
    apply("live-windows", {**nowhere, "credential_spec": {"config": None}})
    spec = client.object_inspect("service", "live-windows")["Spec"]
    container = spec["TaskTemplate"]["ContainerSpec"]
    assert not container.get("Configs") and not container["Privileges"].get("CredentialSpec")


def test_what_the_engine_refuses_is_refused_in_test_mode(swarm, client, apply):
    first = {**SLEEPS, "deploy": {"replicas": 0}, "ports": ["8099:80"]}
    apply("live-first", first)
    wrong = [
        ({"ports": ["8099:81"]}, {}),
        ({"networks": ["ingress"]}, {}),
        ({}, {"spec_patch": {"Mode": {"Global": {}}}}),
        ({}, {"spec_patch": {"UpdateConfig": {"Parallelism": "2"}}}),
        ({}, {"spec_patch": {"TaskTemplate": {"Placement": {"Constraints": ["node.role=x"]}}}}),
        ({}, {"spec_patch": {"UpdateConfig": {"MaxFailureRatio": 2}}}),
    ]
    for words, options in wrong:
        for test in (True, False):
            with pytest.raises(swarm.Error):
                client.service_apply(
                    "live-second",
                    {**SLEEPS, "deploy": {"replicas": 0}, **words},
                    resolve_image="never",
                    dry_run=test,
                    **options,
                )
    with pytest.raises(swarm.NotFound):
        client.object_inspect("service", "live-second")
