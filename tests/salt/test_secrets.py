# SPDX-License-Identifier: Apache-2.0
"""The states and functions on secrets and configs: where content comes from, what is refused, what leaks."""

import base64
import inspect
import logging
import re

import pytest
import rendered
import yaml
from salt.exceptions import CommandExecutionError, SaltInvocationError

PLANTED = "planted-4e1f-value"


def result(action="create", **more):
    """What the core returns; as a real engine had it (tests/live/test_secrets.py)."""
    changes = {"current": {"old": None, "new": "db-0123456789ab"}} if action != "none" else {}
    return {
        "id": "x1",
        "name": "db-0123456789ab",
        "action": action,
        "changes": changes,
        "failed": None,
        "warnings": [],
        **more,
    }


class Core:
    """What the core got, and what it gives."""

    def __init__(self):
        self.given, self.result, self.objects, self.removed = [], result(), {}, ["db-1", "db"]

    def put(self, core, name, data, **options):
        self.given.append((name, data, options))
        return dict(self.result)

    def list(self, core, kind, filters=None, **_):
        ((what, value),) = (filters or {"": ""}).items()
        found = self.objects.get(kind, [])
        if what == "label":
            key, _, text = value.partition("=")
            return [one for one in found if one["Spec"]["Labels"].get(key) == text]
        return [one for one in found if what != "name" or one["Spec"]["Name"] == value]

    def remove(self, core, kind, name, dry_run=False, **_):
        self.given.append((kind, name, dry_run))
        return {"removed": list(self.removed), "warnings": ["web can no longer be rolled back"]}

    def inspect(self, core, kind, ref, **_):
        raise core.NotFound(f"no {kind} has the id or name '{ref}'")

    def users(self, core, kind, ref, **_):
        one = {"service_id": "s1", "id": "x1"}
        return [{**one, "service": "web", "name": "db-2", "spec": "current"}]


@pytest.fixture
def fleet(make_fleet):
    return make_fleet(managers=3, workers=0).form()


@pytest.fixture
def core(fleet):
    core = Core()
    for minion in fleet.minions.values():
        machine = minion.machine
        machine.do_secret_put = machine.do_config_put = core.put
        machine.do_object_list = core.list
        machine.do_object_inspect = core.inspect
        machine.do_versioned_remove = core.remove
        machine.do_versioned_users = core.users
    return core


def leader(fleet):
    """The id of the minion on the manager that leads."""
    nodes = fleet["manager1"].job().salt["swarm.nodes"]()
    return next(node["hostname"] for node in nodes if node["leader"])


def state(fleet, function="secret", test=False, pillar=None, minion=None, **arguments):
    job = fleet[minion or leader(fleet)].job(test=test, pillar=pillar)
    arguments.setdefault("name", "db")
    return job.states[f"swarm.{function}"](**arguments)


# --- where content comes from -----------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "content"
    path.write_bytes(b"\x00bytes\xff\n\n")
    return path


def test_pillar_is_taken_as_it_is(fleet, core):
    for text, data in [(" one\n", b" one\n"), ("ü", "ü".encode()), (b"\x00\xff", b"\x00\xff")]:
        ret = state(fleet, pillar={"db": {"password": text}}, contents_pillar="db:password")
        assert ret["result"] is True, ret
        assert core.given[-1][:2] == ("db", data)


def test_a_file_is_taken_as_it_is(fleet, core, file):
    assert state(fleet, contents_file=str(file))["result"] is True
    assert core.given[-1][1] == file.read_bytes()


@pytest.mark.parametrize("kind", ["secret", "config"])
def test_a_cached_copy_of_a_secret_is_removed(fleet, core, file, kind):
    job = fleet[leader(fleet)].job()
    cached = job.minion.root / "cache/files/base/db"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(file.read_bytes())
    job.replace("cp.cache_file", lambda url, saltenv: str(cached))
    ret = job.states[f"swarm.{kind}"](name="db", source="salt://db")
    assert ret["result"] is True, ret
    assert core.given[-1][1] == file.read_bytes()
    assert cached.exists() == (kind == "config")


def test_a_local_source_is_not_removed(fleet, core, file):
    job = fleet[leader(fleet)].job()
    job.replace("cp.cache_file", lambda url, saltenv: str(file))
    assert job.states["swarm.secret"](name="db", source="salt://db")["result"] is True
    assert file.exists()


def test_sdb(fleet, core):
    job = fleet[leader(fleet)].job()
    job.replace("sdb.get", lambda url: "text\n" if url == "sdb://vault/db" else None)
    assert job.states["swarm.secret"](name="db", contents_sdb="sdb://vault/db")["result"] is True
    assert core.given[-1][1] == b"text\n"
    ret = job.states["swarm.secret"](name="db", contents_sdb="sdb://vault/other")
    assert ret["comment"] == "secret db: sdb has no text at sdb://vault/other"


@pytest.mark.parametrize(
    ("key", "sent"), [(None, None), ("text", b"text"), ("sdb://vault/key", b"of sdb")]
)
def test_the_key_of_the_hashes(fleet, core, key, sent):
    fleet.pillar["hash_key"] = key
    job = fleet[leader(fleet)].job(pillar={"db": "x"})
    job.replace("sdb.get", lambda url: "of sdb")
    assert job.states["swarm.secret"](name="db", contents_pillar="db")["result"] is True
    assert core.given[-1][2]["hash_key"] == sent


# --- what is refused --------------------------------------------------------------------------------

ONE_OF = (
    "exactly one of contents_pillar, contents_sdb, contents_file, source or contents is required"
)


@pytest.mark.parametrize(
    ("arguments", "slips"),
    [
        ({}, f"{ONE_OF}, not 0"),
        ({"contents_pillar": "a", "contents_file": "/b"}, f"{ONE_OF}, not 2"),
        ({"contents_pillar": 7}, "contents_pillar must be a string"),
        ({"source": "/db"}, "source must begin with salt://"),
        ({"contents_sdb": "vault/db"}, "contents_sdb must begin with sdb://"),
        ({"contents_file": "db"}, "contents_file must begin with /"),
        (
            {"driver": {"Name": "v"}, "source": "salt://a"},
            "the driver has the content: remove source",
        ),
        ({"driver": "vault"}, "driver must be a dictionary with a Name"),
        (
            {"contents": PLANTED},
            "a secret in contents is in rendered SLS files and in the job cache: use contents_pillar,"
            " contents_sdb, contents_file or source, or accept it with i_know_it_leaks: True",
        ),
        (
            {"contents_pillar": "a", "kepp": 2, "adopt": "yes", "labels": {"a": True}},
            "unknown argument 'kepp' (did you mean 'keep'?); label 'a' must be; adopt must be True",
        ),
        ({"contents_pillar": "a", "runs_on": "all"}, "runs_on must be leader or any, not 'all'"),
    ],
)
def test_slips_are_reported_before_anything_is_asked(fleet, core, arguments, slips):
    returned = [state(fleet, test=test, **arguments) for test in (True, False)]
    for ret in returned:
        assert (ret["result"], ret["changes"]) == (False, {})
        assert ret["comment"].startswith("secret db: ")
        for slip in slips.split("; "):
            assert slip in ret["comment"], ret["comment"]
        assert PLANTED not in str(ret)
    assert core.given == []


def test_a_secret_in_contents_when_the_user_confirms(fleet, core):
    assert state(fleet, contents="x", i_know_it_leaks=True)["result"] is True
    assert state(fleet, "config", contents="x")["result"] is True


def test_what_cannot_be_read(fleet, core):
    pillar = {"db": {"number": 7}, "masked": type("MaskedDict", (dict,), {})(a="b")}
    pillar["list"] = type("MaskedList", (list,), {})("a")
    for arguments, reason in [
        (
            {"contents_pillar": "list"},
            "pillar list must be a string, not a list: quote it in YAML",
        ),
        (
            {"contents_pillar": "masked"},
            "pillar masked must be a string, not a dictionary: quote it in YAML",
        ),
        # The secret itself, put there by mistake.
        (
            {"contents_pillar": "no:such"},
            "pillar has no such key (not shown, it may be a secret that was put in its place): give the"
            " path of a key, such as db:password",
        ),
        (
            {"contents_pillar": "db:other:x"},
            "pillar db has no such key below it (not shown, it may be a secret that was put in its"
            " place): give the path of a key, such as db:password",
        ),
        (
            {"contents_pillar": "db:number"},
            "pillar db:number must be a string, not int: quote it in YAML",
        ),
        ({"contents_file": "/no/such"}, "cannot read the file /no/such: No such file or directory"),
    ]:
        ret = state(fleet, pillar=pillar, **arguments)
        assert ret["result"] is False and ret["comment"] == f"secret db: {reason}"
    assert core.given == []


# --- what is returned -------------------------------------------------------------------------------


def put(fleet, test=False):
    return state(fleet, test=test, pillar={"db": PLANTED}, contents_pillar="db")


@pytest.mark.parametrize(
    ("action", "words", "planned"),
    [
        ("create", "was created", "would be created"),
        ("adopt", "was adopted", "would be adopted"),
        ("return", "went back to an older version", "would go back to an older version"),
        ("none", "is as it should be", "is as it should be"),
    ],
)
def test_what_was_done(fleet, core, action, words, planned):
    core.result = result(action)
    expected, real = put(fleet, test=True), put(fleet)
    assert [given[2]["dry_run"] for given in core.given] == [True, False]
    assert expected["changes"] == real["changes"] == core.result["changes"]
    assert real["result"] is True and expected["result"] is (True if action == "none" else None)
    assert real["comment"] == f"secret db {words} (db-0123456789ab)"
    assert expected["comment"] == f"secret db {planned} (db-0123456789ab)"


@pytest.mark.parametrize("test", [True, False])
def test_a_service_that_went_back(fleet, core, test):
    core.result = result(
        "update", failed={"service": "web", "reason": "the update was paused", "rolled_back": True}
    )
    ret = put(fleet, test=test)
    assert ret["result"] is False and ret["changes"]
    assert ret["comment"] == (
        "secret db: service web does not run with db-0123456789ab, and has its previous spec back: the"
        " update was paused"
    )


def test_content_is_nowhere(fleet, core, caplog):
    caplog.set_level(logging.DEBUG)
    for test in (True, False):
        assert PLANTED not in str(put(fleet, test=test))
    assert PLANTED.encode() in core.given[-1]
    assert PLANTED not in caplog.text


def test_the_options(fleet, core):
    state(
        fleet,
        pillar={"db": "x"},
        contents_pillar="db",
        labels={"a": 7, "b": None},
        keep=3,
        versioned=False,
        adopt=True,
        move_stacks=False,
        retry_refused=True,
        wait=False,
        timeout=9,
        template_driver="golang",
    )
    assert core.given[-1][2] == {
        "hash_key": None,
        "labels": {"a": "7", "b": None},
        "keep": 3,
        "fixed_name": True,
        "adopt": True,
        "spare_stacks": True,
        "retry": True,
        "wait": False,
        "timeout": 9,
        "template_driver": "golang",
        "dry_run": False,
    }


def test_a_driver_has_the_content(fleet, core):
    assert state(fleet, driver={"Name": "vault"})["result"] is True
    assert core.given[-1][1] is None and core.given[-1][2]["driver"] == {"Name": "vault"}


# --- who acts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["secret", "config", "secret_absent", "config_absent"])
def test_only_the_leader_acts(fleet, core, function):
    lead = leader(fleet)
    arguments = {} if function.endswith("absent") else {"contents_pillar": "db"}
    for minion in fleet.minions:
        ret = state(fleet, function, minion=minion, pillar={"db": "x"}, **arguments)
        assert ret["result"] is True
        assert (ret["comment"] == f"left to {lead}") == (minion != lead)
    assert len(core.given) == 1
    for minion in fleet.minions:
        state(fleet, function, minion=minion, pillar={"db": "x"}, runs_on="any", **arguments)
    assert len(core.given) == 4


# --- the page ---------------------------------------------------------------------------------------

PAGE = (rendered.PROJECT / "docs/service-secrets.md").read_text(encoding="utf-8")


def test_the_page_has_every_argument(fleet, core):
    parameters = inspect.signature(fleet["manager1"].job().states["swarm.secret"].func).parameters
    names = set(parameters) - {"name", "kwargs", "contents", "driver", "i_know_it_leaks"}
    assert {name for name in names if f"`{name}:" not in PAGE} == set()


def test_the_example_of_the_page_works(fleet, core):
    (block,) = re.findall(r"(?s)```yaml\n(db_password:.*?)```", PAGE)
    ((name, states),) = yaml.safe_load(block).items()
    ((function, arguments),) = states.items()
    given = {key: value for one in arguments for key, value in one.items()}
    ret = state(
        fleet, function.partition(".")[2], pillar={"db": {"password": "x"}}, name=name, **given
    )
    assert ret["result"] is True, ret


# --- absent -----------------------------------------------------------------------------------------


def test_absent(fleet, core):
    expected = state(fleet, "secret_absent", test=True)
    real = state(fleet, "secret_absent")
    assert core.given == [("secret", "db", True), ("secret", "db", False)]
    assert expected["result"] is None and real["result"] is True
    assert expected["changes"] == real["changes"] == {"removed": ["db-1", "db"]}
    assert real["warnings"] == ["web can no longer be rolled back"]
    core.removed = []
    for test in (True, False):
        ret = state(fleet, "secret_absent", test=test)
        assert (ret["result"], ret["changes"]) == (True, {})


# --- functions --------------------------------------------------------------------------------------


def thing(number, name, labels=None, **spec):
    times = {"CreatedAt": "2026-01-01T00:00:00.1Z", "UpdatedAt": "2026-01-01T00:00:00.1Z"}
    return {"ID": f"x{number}", **times, "Spec": {"Name": name, "Labels": labels or {}, **spec}}


def version(number, name="db", **spec):
    labels = {"libswarm.name": name, "libswarm.version": str(number)}
    return thing(number, f"{name}-{number}", labels, **spec)


def test_lists_have_the_columns_of_docker(fleet, core):
    core.objects = {
        "secret": [version(2), thing(3, "db-variant", Driver={"Name": "vault"})],
        "config": [version(1, "motd")],
    }
    salt = fleet["manager1"].job().salt
    rows = salt["swarm.secret_ls"]()
    assert [list(row) for row in rows] == [["ID", "NAME", "DRIVER", "CREATED", "UPDATED"]] * 2
    assert rows[1]["DRIVER"] == "vault" and rows[0]["CREATED"].endswith(" ago")
    assert [row["NAME"] for row in salt["swarm.secret_ls"]("db")] == ["db-2"]
    (row,) = salt["swarm.config_ls"]()
    assert list(row) == ["ID", "NAME", "CREATED", "UPDATED"]


def test_the_newest_version_is_shown(fleet, core):
    data = [base64.b64encode(text).decode() for text in (b"old", b"new\n", b"\xff")]
    salt = fleet["manager1"].job().salt
    core.objects = {"config": [version(10, Data=data[1]), version(9, Data=data[0])]}
    assert salt["swarm.config_inspect"]("db")["ID"] == "x10"
    assert salt["swarm.config_show"]("db") == "new\n"
    core.objects["config"].append(thing(11, "db", Data=data[2]))
    assert salt["swarm.config_inspect"]("db")["ID"] == "x11", "the exact name means itself"
    with pytest.raises(CommandExecutionError, match=r"config db is not text \(1 bytes\)"):
        salt["swarm.config_show"]("db")
    with pytest.raises(CommandExecutionError, match="no secret has the id or name 'none'"):
        salt["swarm.secret_inspect"]("none")
    with pytest.raises(SaltInvocationError, match="name must be the name or id of a secret"):
        salt["swarm.secret_inspect"]()


def test_users_and_removal(fleet, core):
    salt = fleet["manager1"].job().salt
    rows = [{"SERVICE": "web", "VERSION": "db-2", "SPEC": "current"}]
    assert salt["swarm.secret_users"]("db") == salt["swarm.config_users"]("db") == rows
    assert salt["swarm.secret_rm"]("db")["removed"] == ["db-1", "db"]
    assert core.given == [("secret", "db", False)]


def test_created_by_a_function(fleet, core):
    salt = fleet["manager1"].job(pillar={"db": PLANTED}).salt
    made = salt["swarm.secret_create"]("db", contents_pillar="db", keep=0)
    assert made["action"] == "create" and PLANTED not in str(made)
    assert core.given[-1][1] == PLANTED.encode() and core.given[-1][2]["keep"] == 0
    with pytest.raises(SaltInvocationError, match="unknown argument 'kepp'") as caught:
        salt["swarm.secret_create"]("db", contents=PLANTED, kepp=1)
    assert "i_know_it_leaks" in str(caught.value) and PLANTED not in str(caught.value)
    with pytest.raises(SaltInvocationError, match="unknown argument 'driver'"):
        salt["swarm.config_create"]("db", contents="x", driver={"Name": "v"})
    salt["swarm.config_create"]("db", contents="x")
    assert core.given[-1][1] == b"x"
