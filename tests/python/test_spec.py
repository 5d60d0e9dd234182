# SPDX-License-Identifier: Apache-2.0
"""Services in compose's words: properties that hold for any of them, and the methods that send them."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

GOLDENS = sorted((Path(__file__).parents[1] / "compose/goldens").glob("*.json"))

names = st.sampled_from(["a", "b.c", "web", "X"])
text = st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1, max_size=8)
units = st.sampled_from(["1s", "1m30s", "0s", "250ms"])
mapping = st.dictionaries(names, text, max_size=3)
service = st.fixed_dictionaries(
    {"image": st.sampled_from(["a", "a:1", "r:5000/x/y:2"])},
    optional={
        "command": st.lists(text, max_size=3),
        "environment": mapping,
        "labels": mapping,
        "hostname": st.sampled_from(["h", ""]),
        "tty": st.booleans(),
        "init": st.booleans(),
        "stop_grace_period": units,
        "dns": st.lists(st.sampled_from(["1.1.1.1", "::1"]), max_size=2),
        "cap_add": st.lists(st.sampled_from(["net_admin", "CAP_SYS_TIME", "ALL"]), max_size=2),
        "extra_hosts": st.lists(st.sampled_from(["a:1.1.1.1", "b=::1"]), max_size=2),
        "ports": st.lists(
            st.sampled_from(["80:81", "90", "1000-1001:2000-2001/udp"]), max_size=2, unique=True
        ),
        "volumes": st.lists(
            st.sampled_from(["/data", "v:/v:ro", "/h:/h"]), max_size=3, unique=True
        ),
        "healthcheck": st.fixed_dictionaries({}, optional={"test": text, "interval": units}),
        "deploy": st.fixed_dictionaries(
            {},
            optional={
                "replicas": st.integers(0, 9),
                "labels": mapping,
                "update_config": st.fixed_dictionaries(
                    {},
                    optional={
                        "parallelism": st.integers(0, 3),
                        "delay": units,
                        "order": st.sampled_from(["stop-first", "start-first"]),
                    },
                ),
                "resources": st.just({"limits": {"cpus": 0.5, "memory": "64m"}}),
            },
        ),
    },
)


@settings(max_examples=150, deadline=None)
@given(service, service, st.booleans())
def test_merge_settles(swarm, first, second, strict):
    made = swarm.spec_merge(None, first, name="web")["spec"]
    changed = swarm.spec_merge(made, second, name="web", strict=strict)
    again = swarm.spec_merge(changed["spec"], second, name="web", strict=strict)
    assert again["changes"] == {}
    assert again["spec"] == changed["spec"]
    if not changed["changes"]:
        assert changed["spec"] == made


@settings(max_examples=150, deadline=None)
@given(service)
def test_own_words_change_nothing(swarm, words):
    made = swarm.spec_merge(None, words, name="web")["spec"]
    own = swarm.spec_words(made, show_env=True)
    assert swarm.spec_merge(made, own, name="web", strict=True)["changes"] == {}
    # Normalising is idempotent.
    assert swarm.spec_words(swarm.spec_merge(None, own, name="web")["spec"], show_env=True) == own


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.stem)
def test_what_dockers_cli_deployed_needs_no_change(swarm, path):
    for spec in json.loads(path.read_text())["services"].values():
        own = swarm.spec_words(spec, show_env=True)
        merged = swarm.spec_merge(spec, own, strict=True)
        assert merged["changes"] == {} and merged["spec"] == spec


def test_slips_come_all_at_once(swarm):
    assert swarm.spec_check({"image": "a:1"}) == []
    assert swarm.spec_check({"enviroment": {}, "tty": 5}) == [
        "enviroment: no such key, did you mean environment?",
        "tty: must be true or false, not '5'",
        "image: is required",
    ]
    with pytest.raises(swarm.InvalidArgument, match="did you mean environment"):
        swarm.spec_merge(None, {"image": "a:1", "enviroment": {}})
    (line,) = swarm.spec_check({"image": "a:1"}, name="a.b")
    assert line.startswith("name: must be 1 to 63 letters")
    lines = swarm.spec_check({"attachable": "maybe", "drivr": 5}, name="a/b", network=True)
    assert sorted(line.partition(":")[0] for line in lines) == ["attachable", "drivr", "name"]
    assert swarm.spec_check({"attachable": True}, network=True) == []


def test_values_of_variables_are_masked(swarm):
    spec = swarm.spec_merge(None, {"image": "a:1", "environment": {"KEY": "hunter2"}})
    assert "hunter2" not in json.dumps(spec["changes"])
    assert spec["spec"]["TaskTemplate"]["ContainerSpec"]["Env"] == ["KEY=hunter2"]
    assert "hunter2" not in json.dumps(swarm.spec_words(spec["spec"]))


def test_apply(swarm, engine, client):
    digest = "sha256:" + "b" * 64
    created = []

    def create(request):
        created.append(request.body)
        return 201, {"ID": "s9"}

    engine.enter(manager=True)
    engine.answers["GET", "/services/new"] = (404, {"message": "service new not found"})
    engine.answers["GET", "/distribution/nginx%3A1/json"] = (
        200,
        {"Descriptor": {"digest": digest}, "Platforms": []},
    )
    engine.answers["POST", "/services/create"] = create
    planned = client.service_apply("new", {"image": "nginx:1"}, dry_run=True)
    assert planned["action"] == "create" and created == []
    done = client.service_apply("new", {"image": "nginx:1"}, force_update="1")
    assert done["id"] == "s9" and done["changes"] == planned["changes"]
    assert created[0]["TaskTemplate"]["ContainerSpec"]["Image"] == "nginx:1@" + digest
    assert created[0]["Labels"]["libswarm.force_update"] == "1"
    assert client.image_resolve("nginx:1")["digest"] == digest
    with pytest.raises(
        swarm.InvalidArgument, match="resolve_image must be changed, always or never"
    ):
        client.service_apply("new", {"image": "nginx:1"}, resolve_image="often")
    with pytest.raises(TypeError):
        client.service_apply("new", {"image": "nginx:1"}, strict="False")
