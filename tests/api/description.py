# SPDX-License-Identifier: Apache-2.0
"""The API description of a real engine, from the source package that Debian built it of."""

import subprocess
import tarfile
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
# Downloaded once; "make clean" removes it.
CACHE = ROOT / "build/engine-api.yaml"


def load():
    """Return the Description of the engine that this machine's Debian release has."""
    if not CACHE.exists():
        CACHE.parent.mkdir(exist_ok=True)
        CACHE.write_bytes(download())
    return Description(yaml.safe_load(CACHE.read_bytes()))


def download():
    """Return the bytes of swarm's API description, unpacking nothing else of the package."""
    with tempfile.TemporaryDirectory() as folder:
        command = [ROOT / "pymodule/debian-source", folder, "docker.io"]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        (source,) = Path(folder).glob("docker.io_*.orig.tar.*")
        with tarfile.open(source) as archive:
            for member in archive:
                if member.name.endswith("/api/swagger.yaml"):
                    return archive.extractfile(member).read()
    raise FileNotFoundError("api/swagger.yaml in docker.io's source package")


class Description:
    """An OpenAPI 2 document, as far as the engine's makes use of it."""

    def __init__(self, document):
        self.document = document
        self.version = int(document["info"]["version"].removeprefix("1."))

    def endpoints(self):
        """Yield (method, path, operation) of each endpoint."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def parameters(self, operation, where):
        """Return {name: parameter} of the operation's parameters in query, header or path."""
        return {p["name"]: p for p in operation.get("parameters", []) if p["in"] == where}

    def body(self, operation):
        """Return the schema of the body, or None."""
        schemas = [p["schema"] for p in operation.get("parameters", []) if p["in"] == "body"]
        return schemas[0] if schemas else None

    def resolve(self, schema):
        """Follow a reference to another definition."""
        while "$ref" in schema:
            schema = self.document["definitions"][schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def members(self, schema):
        """Return ({name: schema}, required names) of an object, with those that it includes."""
        schema = self.resolve(schema)
        found, required = {}, set(schema.get("required", []))
        for part in schema.get("allOf", []):
            more, names = self.members(part)
            found.update(more)
            required |= names
        found.update(schema.get("properties", {}))
        return found, required

    def reach(self, schema, path):
        """Return whether a path such as "Mounts[].Type=image" leads to something described."""
        for name in path.split("."):
            name, _, value = name.partition("=")
            members, _ = self.members(schema)
            if name.removesuffix("[]") not in members:
                return False
            schema = self.resolve(members[name.removesuffix("[]")])
            if name.endswith("[]"):
                schema = schema["items"]
            if value:
                return value in schema.get("enum", [])
        return True
