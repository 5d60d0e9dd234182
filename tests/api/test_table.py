# SPDX-License-Identifier: Apache-2.0
"""ops.def and field_versions.def against the API description of a real engine, both ways.

If the two differ the engine decides; each difference is listed here with its reason, and a listed
one that no longer exists fails, too.
"""

import description
import pytest
import tables

OPERATIONS = {row.name: row for row in tables.operations()}
FIELD_VERSIONS = tables.field_versions()

# The description's endpoints that are in our table, except those below.
TAGS = {
    "Swarm",
    "Node",
    "Service",
    "Task",
    "Secret",
    "Config",
    "Network",
    "Volume",
    "Distribution",
    "System",
}
LEFT_OUT = {
    ("POST", "/networks/{id}/connect"): "a container of this host",
    ("POST", "/networks/{id}/disconnect"): "a container of this host",
    ("POST", "/volumes/prune"): "volumes of this host; cluster volumes are not pruned",
    ("GET", "/system/df"): "the disk of this host",
}

# (operation, field) of ours that the description leaves out, from which version on it has them.
UNDESCRIBED = {
    ("swarm_init", "AutoLockManagers"): (None, "moby: api/types/swarm, InitRequest"),
    ("swarm_init", "Availability"): (None, "moby: api/types/swarm, InitRequest"),
    ("swarm_join", "Availability"): (None, "moby: api/types/swarm, JoinRequest"),
    ("network_create", "Scope"): (45, "moby: api/types, NetworkCreate; described late"),
    ("network_create", "ConfigOnly"): (45, "moby: api/types, NetworkCreate; described late"),
    ("network_create", "ConfigFrom"): (45, "moby: api/types, NetworkCreate; described late"),
    ("distribution_inspect", "X-Registry-Auth"): (None, "moby: distribution_routes.go reads it"),
}
# (operation, field) of the description that we refuse.
REFUSED = {
    ("auth", "email"): "dropped in 1.52, and no registry asked for it since 1.24",
    ("image_create", "fromSrc"): "a node pulls images, and makes none",
    ("image_create", "repo"): "with fromSrc",
    ("image_create", "message"): "with fromSrc",
    ("image_create", "platform"): "a node pulls for itself",
    ("service_create", "Networks"): "Engine 29 drops it in silence; TaskTemplate.Networks serves",
    ("service_update", "Networks"): "Engine 29 drops it in silence; TaskTemplate.Networks serves",
}
# (operation, field) whose type we have otherwise.
OTHER_TYPE = {
    ("service_logs", "since"): "the engine takes a fraction of a second too",
    ("task_logs", "since"): "the engine takes a fraction of a second too",
}
# Fields that the description writes wrong, leaves out, or describes late.
UNREACHED = {
    "TaskTemplate.ContainerSpec.Healthcheck": (None, "described as HealthCheck"),
    "TaskTemplate.ContainerSpec.Healthcheck.StartInterval": (None, "described as HealthCheck"),
    "TaskTemplate.ContainerSpec.Mounts[].ClusterOptions": (None, "moby: api/types/mount, Mount"),
}
TYPES = {"string": "sf", "boolean": "b", "integer": "i", "object": "o", "array": "a"}


@pytest.fixture(scope="module")
def api():
    """The description."""
    return description.load()


def described(api):
    """Return {(method, path): operation}; the hole of a volume's path is called as ours."""
    return {
        (method, path.replace("/volumes/{name}", "/volumes/{id}")): operation
        for method, path, operation in api.endpoints()
    }


def known(api):
    """Return (row, operation of the description) of the rows that this engine has."""
    endpoints = described(api)
    return [
        (row, endpoints[row.method, row.path])
        for row in OPERATIONS.values()
        if row.since <= api.version
    ]


def left_out(api, exceptions):
    """Return the keys of the exceptions that hold for this version of the description."""
    return {
        key for key, (until, _reason) in exceptions.items() if until is None or api.version < until
    }


def test_every_row_is_described(api):
    endpoints = described(api)
    missing = [
        r.name
        for r in OPERATIONS.values()
        if r.since <= api.version and (r.method, r.path) not in endpoints
    ]
    assert not missing


def test_every_endpoint_of_swarm_mode_is_in_the_table(api):
    ours = {(row.method, row.path) for row in OPERATIONS.values()}
    theirs = {
        key for key, operation in described(api).items() if TAGS & set(operation.get("tags", []))
    }
    assert theirs - ours == set(LEFT_OUT) & theirs
    assert set(LEFT_OUT) <= theirs


def all_fields(api, row, operation):
    """Return ours and theirs: {name: field} of query, headers and body."""
    members, needed = api.members(api.body(operation)) if api.body(operation) else ({}, set())
    theirs = {name: (schema, name in needed) for name, schema in members.items()}
    for where in ("query", "header"):
        for name, parameter in api.parameters(operation, where).items():
            theirs[name] = (parameter, parameter.get("required", False))
    ours = {**row.query, **row.body}
    return {name: field for name, field in ours.items() if field.since <= api.version}, theirs


def test_every_field_is_described(api):
    extra = set()
    for row, operation in known(api):
        ours, theirs = all_fields(api, row, operation)
        extra |= {(row.name, name) for name in set(ours) - set(theirs)}
    assert extra == left_out(api, UNDESCRIBED)


def test_every_described_field_is_taken(api):
    refused = set()
    for row, operation in known(api):
        ours, theirs = all_fields(api, row, operation)
        refused |= {(row.name, name) for name in set(theirs) - set(ours)}
    assert refused == set(REFUSED)


def test_types_and_what_is_required(api):
    other = set()
    for row, operation in known(api):
        ours, theirs = all_fields(api, row, operation)
        for name in set(ours) & set(theirs):
            schema, required = theirs[name]
            schema = api.resolve(schema)
            kind = TYPES[schema.get("type", "object")] if ours[name].type != "h" else "h"
            if ours[name].type not in kind:
                other.add((row.name, name))
            assert (ours[name].type == "f") == (name == "filters"), (row.name, name)
            assert ours[name].required or not required, (row.name, name)
            if name in row.query:
                assert ours[name].required == required, (row.name, name)
    assert other == set(OTHER_TYPE)


def test_statuses_and_kinds_of_answer(api):
    for row, operation in known(api):
        good = {
            str(code): answer
            for code, answer in operation["responses"].items()
            if str(code) < "300"
        }
        assert " ".join(sorted(good)) == row.status, row.name
        schema = next((a["schema"] for a in good.values() if "schema" in a), None)
        produces = operation.get("produces", [])
        if row.path.endswith("/logs"):
            want = "FRAMES"
        elif row.name in ("events", "image_create"):
            want = "LINES"
        elif not schema or row.method == "HEAD":
            want = "NONE"
        else:
            want = "TEXT" if produces == ["text/plain"] else "JSON"
        assert row.result == want, row.name


def objects_of(api, schema, path=""):
    """Yield (path, {name: schema}) of each object that has names, as service_fields.def writes it."""
    members, _ = api.members(schema)
    if members:
        yield path, members
    for name, member in members.items():
        below = f"{path}.{name}".lstrip(".")
        member = api.resolve(member)
        if member.get("type") == "array":
            below, member = f"{below}[]", api.resolve(member["items"])
        yield from objects_of(api, member, below)


def test_the_fields_of_a_service(api):
    """What a patch in the engine's names may have: all that is described, and what came later."""
    ours = tables.service_fields()
    create = described(api)["POST", "/services/create"]
    theirs = dict(objects_of(api, api.body(create)))
    missing = set()
    for path, members in theirs.items():
        path = path.replace("HealthCheck", "Healthcheck")
        if not path or path.startswith(("Networks[]", "TaskTemplate.PluginSpec")):
            continue
        names = {"Healthcheck" if name == "HealthCheck" else name for name in members}
        assert path in ours, path
        missing |= {f"{path}.{name}" for name in names - set(ours[path])}
        free = {name for name, sign in ours[path].items() if sign == "*"}
        described_as_free = {
            name for name, one in members.items() if api.resolve(one).get("additionalProperties")
        }
        assert free == described_as_free - {"PluginSpec"}, path
    assert not missing
    # The other way: what the description of this version lacks is dated, or came with what is dated.
    dated = {row.path for row in FIELD_VERSIONS if row.since > api.version} | set(UNREACHED)
    for path, names in ours.items():
        described_names = {
            "Healthcheck" if name == "HealthCheck" else name
            for name in theirs.get(path.replace("Healthcheck", "HealthCheck"), {})
        }
        for name in set(names) - described_names:
            full = f"{path}.{name}"
            assert any(full == one or full.startswith((f"{one}.", f"{one}[")) for one in dated), (
                full
            )


def test_the_types_of_the_fields_of_a_service(api):
    """A patch with a value of another type is refused, so each type is that of the description."""
    signs = {"": {"string", "object"}, "*": {"object"}, "?": {"boolean"}, "[": {"array"}}
    signs |= {"#": {"integer"}, "+": {"integer"}, "%": {"number"}}
    ours = tables.service_fields()
    create = described(api)["POST", "/services/create"]
    for path, members in objects_of(api, api.body(create)):
        path = path.replace("HealthCheck", "Healthcheck")
        for name, sign in ours.get(path, {}).items():
            schema = members.get("HealthCheck" if name == "Healthcheck" else name)
            if schema and sign != "~":
                described_type = api.resolve(schema).get("type", "object")
                assert described_type in signs[sign], f"{path}.{name}"


def test_every_field_version_is_among_the_fields_of_a_service():
    ours = tables.service_fields()
    for row in FIELD_VERSIONS:
        path, _, name = row.path.partition("=")[0].rpartition(".")
        if row.kind == "SERVICE" and path:
            assert name.removesuffix("[]") in ours[path], row.path


def test_every_field_version_is_described(api):
    bodies = {"CLUSTER": "swarm_update", "SERVICE": "service_create"}
    endpoints = described(api)
    missing = set()
    for row in FIELD_VERSIONS:
        operation = OPERATIONS[bodies[row.kind]]
        schema = api.body(endpoints[operation.method, operation.path])
        if row.since <= api.version and not api.reach(schema, row.path):
            missing.add(row.path)
    new = {row.path for row in FIELD_VERSIONS if row.since > api.version}
    assert missing == left_out(api, UNREACHED) - new
