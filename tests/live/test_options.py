# SPDX-License-Identifier: Apache-2.0
"""
Docker's own command as the witness: a service made or changed by an option of `docker service` and the
same as declared have equal specs, and each finds nothing to change in the other's.
"""

import copy
import re

import pytest
from options import IMAGE, LEFT_OUT, NONE, OPTIONS, with_words

QUIET = "-q -d --no-resolve-image"
CLI, OWN = "live-cli", "live-own"
# What docker's command sends in a new service also where nothing is asked for.
UNASKED = (
    ("EndpointSpec", "Mode", "vip"),
    ("TaskTemplate.ContainerSpec", "DNSConfig", {}),
    ("TaskTemplate.ContainerSpec", "Init", False),
    ("TaskTemplate.Resources", "Limits", {}),
    ("TaskTemplate.Resources", "Reservations", {}),
)


@pytest.fixture(scope="module")
def docker(machines, clients):
    """docker's own command on the first manager, and what the options name."""
    run = machines["manager1"].run
    run("docker network create -d overlay live-net; echo 'F=a b' >/root/live.env")
    run("for kind in secret config; do echo x | docker $kind create live-$kind -; done")
    yield lambda command: run(f"docker {command}").stdout
    run("docker network rm live-net; docker secret rm live-secret; docker config rm live-config")


@pytest.fixture
def service(client, docker):
    """The services of a test, which removes them: by docker, as declared, and what is stored."""

    class Service:
        @staticmethod
        def by_docker(option):
            mode = "" if "--mode" in option.create else "--replicas 0"
            image = option.words.get("image", IMAGE)
            command = f"service create {QUIET} {mode} --name {CLI} {option.create} {image}"
            docker(f"{command} {option.command}")

        @staticmethod
        def updated(name, options):
            docker(f"service update {QUIET} {options} {name}")

        @staticmethod
        def declared(name, words, patch=None):
            return client.service_apply(name, words, resolve_image="never", spec_patch=patch)

        @staticmethod
        def differs(name, words, patch=None, strict=False):
            found = client.service_diff(
                name, words, resolve_image="never", spec_patch=patch, strict=strict
            )
            return found["changes"]

        @staticmethod
        def stored(name):
            """The whole spec, except its name, and with what docker sends unasked."""
            spec = copy.deepcopy(client.object_inspect("service", name)["Spec"])
            for path, key, value in UNASKED:
                place = spec
                for part in path.split("."):
                    place = place.setdefault(part, {})
                place.setdefault(key, value)
            # How often --force was given: nobody declares that.
            del spec["TaskTemplate"]["ForceUpdate"]
            # docker 20.10 leaves their order to chance.
            spec["TaskTemplate"]["ContainerSpec"].get("Env", []).sort()
            return {**spec, "Name": None}

    yield Service
    for name in (CLI, OWN):
        if client.object_list("service", filters={"name": [name]}):
            docker(f"service rm {name}")


def words_of(option):
    base = {"image": IMAGE, "deploy": {}} if "--mode" in option.create else NONE
    return with_words(base, option.words)


def of_the_engine(client, option):
    return not option.since or tuple(map(int, client.api_version().split("."))) >= tuple(
        map(int, option.since.split("."))
    )


def named(option):
    return " ".join((option.create or option.updating()).split()[:2])


def test_every_option_is_here(client, docker):
    """Each option that the help text names is in the table, or in the list with the reason."""
    for number, command in enumerate(("create", "update")):
        text = docker(f"service {command} --help")
        there = set(re.findall(r"^ +(?:-\w, )?--([a-z-]+)", text, re.MULTILINE))
        rows = [one.names()[number] for one in OPTIONS if of_the_engine(client, one)]
        here = set().union(*rows)
        assert there - here - set(LEFT_OUT) == set()
        assert here - there == set()
        assert len(there) > 60


@pytest.mark.parametrize("option", OPTIONS, ids=named)
def test_made_by_docker_and_as_declared(client, service, option):
    if not of_the_engine(client, option):
        # Ours says so, too.
        with pytest.raises(Exception, match="API"):
            service.declared(OWN, words_of(option), option.patch)
        return
    words, patch = words_of(option), option.patch
    service.by_docker(option)
    assert service.differs(CLI, words, patch) == {}
    # What is not given is what docker sends also unasked, and nothing else.
    assert service.differs(CLI, {"init": False, **words}, patch, strict=True) == {}
    assert service.declared(CLI, words, patch)["action"] == "none"
    docker = service.stored(CLI)
    # Both publish the same port.
    client.object_remove("service", CLI)
    assert service.declared(OWN, words, patch)["action"] == "create"
    assert service.stored(OWN) == docker
    # And docker's update changes nothing in ours.
    service.updated(OWN, "" if option.again else option.updating())
    assert service.stored(OWN) == docker
    assert service.declared(OWN, words, patch)["action"] == "none"


@pytest.mark.parametrize(
    "option", [one for one in OPTIONS if one.updating() and not one.lost], ids=named
)
def test_changed_by_docker_and_as_declared(client, service, option):
    if not of_the_engine(client, option):
        return
    words = words_of(option)
    service.declared(OWN, NONE)
    before = service.stored(OWN)
    service.updated(OWN, option.updating())
    assert service.differs(OWN, words) == {}
    docker = service.stored(OWN)
    if option.undo:
        service.updated(OWN, option.undo)
        assert service.differs(OWN, NONE, strict=True) == {}
    client.object_remove("service", OWN)
    service.declared(OWN, NONE)
    assert service.stored(OWN) == before
    service.declared(OWN, words)
    assert service.stored(OWN) == docker
