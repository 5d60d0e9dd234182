# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: credentials of registries
============================================

Where the credentials for a private registry come from: pillar, sdb, a docker configuration file on the
minion, or one of docker's credential helpers. They are given to a function of the same process, and are in
no argument, return, log or job.

:maturity: new
:depends: the execution module ``swarm``, which loads the compiled core
:platform: Linux

.. versionadded:: 0.1.0

**A source**, as ``registry_auth`` of the states has it, is a dictionary of exactly one of these:

pillar
    A pillar key.
sdb
    An ``sdb://`` URL.
docker_config
    Path of a docker configuration file on this minion. Its ``auths``, ``credHelpers`` and ``credsStore``
    are used as the ``docker`` command uses them.
helper
    ``NAME`` of a program ``docker-credential-NAME`` in the path of the minion.

At the pillar key or sdb URL is a dictionary (of sdb also as JSON or YAML text) with ``username`` and
``password``, or with ``identitytoken``, or with ``registrytoken``; or a dictionary from the host of a
registry to such a dictionary; or the content of a docker configuration file.

**Pillar** may have the source for each registry, so that no service needs a ``registry_auth`` of its own:

.. code-block:: yaml

    swarm:
      registries:
        registry.example.com:5000: {pillar: 'registry:robot'}
        docker.io: {docker_config: /etc/docker/registries.json}
"""

import base64
import binascii
import json
import os
import re
import shutil
import subprocess

import salt.utils.files
import salt.utils.yaml
from salt.exceptions import CommandExecutionError, SaltInvocationError
from salt.utils.data import traverse_dict_and_list

# docker: registry.IndexServer, the key of Docker Hub in configuration files and helpers.
HUB = "docker.io"
HUB_KEY = "https://index.docker.io/v1/"
HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")
# docker-credential-helpers: in place of a user name where the secret is an identity token.
TOKEN_USER = "<token>"
FIELDS = ("username", "password", "identitytoken", "registrytoken")
MAX_CONFIG = 1024 * 1024
HELPER_SECONDS = 30

__virtualname__ = "swarm_registry"


def __virtual__():
    return __virtualname__


# --- names ----------------------------------------------------------------------------------------


def host(image):
    """
    Return the host of the registry that an image comes from, as the engine reads its name.

    image
        Such as ``nginx:1.27`` or ``registry.example.com:5000/team/app:2``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_registry.host registry.example.com:5000/team/app:2
    """
    if not isinstance(image, str) or not image:
        raise SaltInvocationError(f"image must be the name of an image, not {image!r}")
    first, slash, _ = image.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return HUB
    return HUB if first in HUB_HOSTS else first


def _host_of_key(key):
    """The host that a key of a configuration file means: with scheme and path, or without."""
    name = re.sub(r"^[a-z]+://", "", str(key)).partition("/")[0]
    return HUB if name in HUB_HOSTS else name


def _key(registry):
    """How docker names a registry in its configuration file, and to helpers and engines."""
    return HUB_KEY if registry == HUB else registry


# --- credentials ----------------------------------------------------------------------------------


def auth(image=None, registry_auth=None, into=None):
    """
    Give the credentials for the registry of an image to a function of the same process, as the core
    takes them; what that function returns is returned.

    image
        Name of the image; its host decides which credentials they are. The engine would send whatever
        it gets to any host.
    registry_auth
        The source, as above. ``None``: what ``swarm:registries`` has for the host; ``False``: none.
    into
        A Python function that takes a dictionary (``username`` and ``password``, ``identitytoken`` or
        ``registrytoken``, and ``serveraddress``), or ``None`` where the source has nothing for this
        host. By hand there is none: a job would return the secret.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_registry.auth nginx    # refused: a job has no function to give
    """
    return auth_for(host(image), registry_auth, into)


def auth_for(registry=None, registry_auth=None, into=None):
    """
    Do the same as :py:func:`swarm_registry.auth <auth>`, for a registry by its host.

    registry
        Such as ``registry.example.com:5000`` or ``docker.io``.
    registry_auth, into
        As for :py:func:`swarm_registry.auth <auth>`.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_registry.auth_for docker.io    # refused: a job has no function to give
    """
    if not callable(into):
        raise SaltInvocationError("'into' must be a callable (internal callers only)")
    if not isinstance(registry, str) or not registry:
        raise SaltInvocationError(f"registry must be the host of a registry, not {registry!r}")
    return into(_find(_host_of_key(registry), registry_auth))


def _find(registry, source):
    """The credentials for a registry, or None."""
    where = "registry_auth"
    if source is None:
        where, source = f"pillar swarm:registries:{registry}", _configured(registry)
    _require(where, source)
    if not source:
        return None
    ((kind, value),) = source.items()
    if kind == "helper":
        return _from_helper(value, registry)
    if kind == "docker_config":
        return _from_config(_read_config(value), registry, f"docker_config {value}")
    if kind == "pillar":
        found = traverse_dict_and_list(__pillar__, value)
        if not found:
            text = __salt__["swarm_core.no_pillar_key"](value)
            raise CommandExecutionError(f"{where}: {text}")
    else:
        found = _from_sdb(where, value)
    return _from_data(found, registry, f"{where}: {kind} {value}")


def _require(where, source):
    try:
        __salt__["swarm_schema.require"](registry_auth=source)
    except SaltInvocationError as exc:
        text = str(exc).removeprefix("registry_auth")
        raise SaltInvocationError(f"{where}{text}") from None


def _configured(registry):
    known = traverse_dict_and_list(__pillar__, "swarm:registries")
    for key, source in _dictionary(known).items():
        if _host_of_key(key) == registry:
            return source
    return None


def _from_sdb(where, url):
    try:
        found = __salt__["sdb.get"](url)
    except Exception as exc:  # pylint: disable=broad-except
        # A driver may raise anything, with anything in its text.
        raise CommandExecutionError(
            f"{where}: sdb cannot read {url}: {type(exc).__name__}"
        ) from None
    if not found or found == url:
        raise CommandExecutionError(f"{where}: sdb has nothing at {url}")
    if isinstance(found, str):
        try:
            found = salt.utils.yaml.safe_load(found)
        except salt.utils.yaml.YAMLError:
            found = None
    return found


def _from_data(found, registry, where):
    """Of what pillar or sdb has."""
    if isinstance(found, dict):
        if any(name in found for name in FIELDS):
            return _credentials(found, registry, where)
        if any(name in found for name in ("auths", "credHelpers", "credsStore")):
            return _from_config(found, registry, where)
        for key, entry in found.items():
            if _host_of_key(key) == registry:
                return _credentials(entry, registry, where)
        if found and all(isinstance(entry, dict) for entry in found.values()):
            return None
    raise CommandExecutionError(
        f"{where} must have username and password, identitytoken or registrytoken, or a dictionary from"
        " the host of a registry to these"
    )


def _credentials(entry, registry, where):
    """
    What the engine uses of an entry. It ignores one without a user or a password, and so it would take
    it for no credentials at all, which wipes those that a service has.
    """
    given = entry if isinstance(entry, dict) else {}
    texts = {name: given[name] for name in FIELDS if given.get(name) not in (None, "")}
    if any(not isinstance(text, str) for text in texts.values()):
        raise CommandExecutionError(
            f"{where}: the credentials for {registry} must be strings: quote them in YAML"
        )
    for names in (("identitytoken",), ("registrytoken",), ("username", "password")):
        if all(name in texts for name in names):
            return {**{name: texts[name] for name in names}, "serveraddress": _key(registry)}
    raise CommandExecutionError(
        f"{where}: the credentials for {registry} must be username and password, identitytoken or"
        " registrytoken"
    )


# --- docker's configuration file ------------------------------------------------------------------


def _read_config(path):
    try:
        with salt.utils.files.fopen(path, "rb") as handle:
            found = json.loads(handle.read(MAX_CONFIG))
    except OSError as exc:
        raise CommandExecutionError(f"cannot read docker_config {path}: {exc.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CommandExecutionError(f"docker_config {path} is not a JSON dictionary")
    return found


def _from_config(config, registry, where):
    """As docker/cli: a helper for this registry, else the store for all, else the file itself."""
    for key, name in _dictionary(config.get("credHelpers")).items():
        if _host_of_key(key) == registry:
            return _from_helper(name, registry)
    if config.get("credsStore"):
        found = _from_helper(config["credsStore"], registry)
        if found:
            return found
    for key, entry in _dictionary(config.get("auths")).items():
        if _host_of_key(key) == registry and entry:
            return _credentials(_split(entry, registry, where), registry, where)
    return None


def _dictionary(value):
    return value if isinstance(value, dict) else {}


def _split(entry, registry, where):
    """``auth`` of an entry as user name and password: the engine ignores it as it is."""
    entry = dict(_dictionary(entry))
    if not entry.get("auth"):
        return entry
    try:
        text = base64.b64decode(entry["auth"], validate=True).decode()
    except (TypeError, ValueError, binascii.Error):
        text = ""
    user, colon, password = text.partition(":")
    if not colon:
        raise CommandExecutionError(f"{where}: auth of {registry} is not base64 of USER:PASSWORD")
    # docker/cli: the password ends at a NUL.
    return {**entry, "username": user, "password": password.rstrip(chr(0))}


# --- docker's credential helpers ------------------------------------------------------------------


def _from_helper(name, registry):
    """
    Ask a credential helper by docker's protocol: the registry's name on stdin, JSON on stdout. Not by a
    function of Salt's module cmd, which may log what a program prints.
    """
    _require("credential helper", {"helper": name})
    program = f"docker-credential-{name}"
    path = shutil.which(program, path=os.environ.get("PATH"))
    if not path:
        raise CommandExecutionError(f"no program {program} is in the path of this minion")
    try:
        done = subprocess.run(
            [path, "get"],
            input=_key(registry).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=HELPER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandExecutionError(f"{program} did not answer within {HELPER_SECONDS} s") from None
    except OSError as exc:
        raise CommandExecutionError(f"{program} did not start: {exc.strerror}") from None
    if done.returncode:
        # docker-credential-helpers: the one error that says that there is nothing.
        if b"credentials not found" in done.stdout:
            return None
        raise CommandExecutionError(f"{program} failed for {registry} (exit {done.returncode})")
    return _of_helper(done.stdout, program, registry)


def _of_helper(printed, program, registry):
    try:
        found = json.loads(printed)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CommandExecutionError(f"{program} did not print a JSON dictionary for {registry}")
    user, secret = found.get("Username"), found.get("Secret")
    if user == TOKEN_USER:
        return _credentials({"identitytoken": secret}, registry, program)
    return _credentials({"username": user, "password": secret}, registry, program)
