# SPDX-License-Identifier: Apache-2.0
"""
Changes over a running stack: those that docker's CLI loses, half does or breaks something with. Either
the result is what was declared, or nothing is sent.
"""

import concurrent.futures
import copy

import pytest

NAME = "cellar"
KINDS = ("service", "network", "secret", "config")
WITHOUT = object()
# Nothing runs: it is about what is stored.
BASE = {
    "services": {
        name: {
            "image": "live:1",
            "networks": ["vault"],
            "deploy": {"replicas": 0, "endpoint_mode": "dnsrr"},
        }
        for name in ("press", "barrel", "taster")
    },
    "networks": {"vault": {"driver_opts": {"a": "1"}}},
    "configs": {"recipe": {"content": "grapes"}},
    "secrets": {"seal": {"environment": "SEAL"}},
    "volumes": {"must": {}},
}
BASE["services"]["press"].update(configs=["recipe"], secrets=["seal"])
BASE["services"]["barrel"]["volumes"] = ["must:/must"]


def changed(document, **places):
    """A document with other values at places, whose parts have __ between them."""
    document = copy.deepcopy(document)
    for place, value in places.items():
        *above, last = place.split("__")
        mapping = document
        for part in above:
            mapping = mapping.setdefault(part, {})
        if value is WITHOUT:
            del mapping[last]
        else:
            mapping[last] = value
    return document


@pytest.fixture
def stack(swarm, client):
    """Apply and plan documents as the stack; it is removed after the test."""

    class Stack:
        @staticmethod
        def given(document, seal):
            found = swarm.compose_convert([document], NAME, env={"SEAL": seal})["stack"]
            names = found["sources"]["secrets"]
            options = {"contents": dict.fromkeys(names, seal.encode()), "wait": False}
            return found, {**options, "resolve_image": "never"}

        @classmethod
        def apply(cls, document, seal="wax", **options):
            found, given = cls.given(document, seal)
            return client.stack_apply(found, **given, **options)

        @classmethod
        def planned(cls, document, seal="wax", **options):
            found, given = cls.given(document, seal)
            return client.stack_plan(found, **given, **options)

        @staticmethod
        def stored():
            """Names and versions of all that there is."""
            return {
                (
                    kind,
                    one.get("Name") or one["Spec"]["Name"],
                    (one.get("Version") or {}).get("Index"),
                )
                for kind in KINDS
                for one in client.object_list(kind)
            }

    yield Stack
    client.stack_remove(NAME)


def actions(result):
    return {
        f"{kind}.{name}": change["action"] + ("*" if change["restarts"] else "")
        for kind, changes in result["changes"].items()
        for name, change in changes.items()
    }


# What changes, and what is done then; * where tasks restart.
CHANGES = {
    "the content of a config and a label": (
        {"configs__recipe__content": "hops", "services__taster__deploy__labels": {"a": "b"}},
        {
            "configs.cellar_recipe": "create",
            "services.cellar_press": "update*",
            "services.cellar_taster": "update",
        },
    ),
    "the label of a config": (
        {"configs__recipe__labels": {"a": "b"}},
        {"configs.cellar_recipe": "update"},
    ),
    "the name of a config": (
        {"configs__recipe__name": "recipe-2"},
        {"configs.recipe-2": "create", "services.cellar_press": "update*"},
    ),
    "two services are gone": (
        {"services__barrel": WITHOUT, "services__taster": WITHOUT},
        {"services.cellar_barrel": "remove", "services.cellar_taster": "remove"},
    ),
    "the labels of a volume": (
        {"volumes__must__labels": {"a": "b"}},
        {"services.cellar_barrel": "update*"},
    ),
    "the name of a service": (
        {"services__taster": WITHOUT, "services__sipper": BASE["services"]["taster"]},
        {"services.cellar_sipper": "create", "services.cellar_taster": "remove"},
    ),
}


@pytest.mark.parametrize(("places", "does"), CHANGES.values(), ids=CHANGES)
def test_a_change(stack, places, does):
    stack.apply(BASE)
    after = changed(BASE, **places)
    assert actions(stack.planned(after)) == does
    done = stack.apply(after)
    assert actions(done) == does and done["failed"] is None
    before = stack.stored()
    assert actions(stack.apply(after)) == {}
    assert stack.stored() == before


def test_the_content_of_a_secret(stack):
    stack.apply(BASE)
    does = {"secrets.cellar_seal": "create", "services.cellar_press": "update*"}
    assert actions(stack.apply(BASE, seal="lead")) == does
    assert actions(stack.planned(BASE, seal="lead")) == {}


# What changes, and the words that name it.
REFUSED = {
    "options of a network": (
        {"networks__vault__driver_opts": {"a": "2"}},
        'network cellar_vault differs.*driver_opts.a is "1", not "2"',
    ),
    "replicated to global": (
        {"services__press__deploy": {"mode": "global"}},
        "service cellar_press: deploy.mode cannot be changed",
    ),
    "one published port in two modes": (
        {"services__press__ports": ["80:80", {"target": 80, "published": 80, "mode": "host"}]},
        "80/tcp is given twice",
    ),
    "an external network that is missing": (
        {"networks__vault": {"external": True, "name": "ghost"}},
        "external network ghost does not exist",
    ),
    "an external secret that is missing, and a service that is gone": (
        {"secrets__seal": {"external": True, "name": "ghost"}, "services__taster": WITHOUT},
        "external secret ghost does not exist",
    ),
}


@pytest.mark.parametrize(("places", "words"), REFUSED.values(), ids=REFUSED)
def test_nothing_is_sent(swarm, stack, places, words):
    stack.apply(BASE)
    before = stack.stored()
    # A change of another service, which docker's CLI has made by then.
    places = {**places, "services__barrel__hostname": "other"}
    with pytest.raises(swarm.Error, match=words):
        stack.apply(changed(BASE, **places))
    assert stack.stored() == before


def test_what_is_not_declared_any_more_is_removed(stack):
    stack.apply(BASE)
    one = {"services": {"taster": {**BASE["services"]["taster"], "networks": ["host"]}}}
    stack.apply({**one, "networks": {"host": {"external": True}}}, keep=1)
    there = {name for _, name, _ in stack.stored() if name.startswith(NAME)}
    assert there == {f"{NAME}_taster", f"{NAME}.revision.1", f"{NAME}.revision.2"}


def test_a_number_set_by_hand_stays_and_the_rest_is_corrected(client, stack):
    # No node has the label.
    deploy = {"endpoint_mode": "dnsrr", "placement": {"constraints": ["node.labels.no == way"]}}
    free = changed(BASE, services__press__deploy=deploy)
    stack.apply(free)
    client.service_scale("cellar_press", 3)
    before = stack.stored()
    assert actions(stack.apply(free)) == {}
    assert stack.stored() == before
    client.object_update("service", "cellar_barrel", {"Labels": {"by": "hand"}})
    assert actions(stack.apply(free)) == {"services.cellar_barrel": "update"}
    spec = client.object_inspect("service", "cellar_barrel")["Spec"]
    assert "by" not in spec["Labels"]
    assert client.object_inspect("service", "cellar_press")["Spec"]["Mode"]["Replicated"] == {
        "Replicas": 3
    }


def test_two_at_once(machines, stack):
    """Both are done, and the stack is whole."""
    found, given = stack.given(BASE, "wax")
    two = [machines["manager1"].client() for _ in range(2)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda one: one.stack_apply(found, **given), two))
    assert [one["failed"] for one in done] == [None, None]
    assert actions(stack.planned(BASE)) == {}


def test_removal_of_what_is_not_there(client):
    removed = client.stack_remove("nothing")["removed"]
    assert not any(removed.values())
