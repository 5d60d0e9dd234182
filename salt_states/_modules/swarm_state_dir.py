# SPDX-License-Identifier: Apache-2.0
"""
What a swarm keeps on the disk of this host
===========================================

The engine's root folder, the raft data and the node's key below it, and what shows that an engine is
installed. The core sees none of it: an engine may answer that it is in no swarm while the last copy of
a cluster is there.

:maturity: new
:depends: the execution module ``swarm``
:platform: Linux

.. versionadded:: 0.1.0
"""

import contextlib
import datetime
import glob
import os
import re

import salt.utils.files
from salt.exceptions import CommandExecutionError

# Below the engine's root folder (docker info, "Docker Root Dir"); written by swarmkit's ca package.
CERTIFICATE = "swarm/certificates/swarm-node.crt"
KEY = "swarm/certificates/swarm-node.key"
RAFT = "swarm/raft"

# The host's own files, below this folder.
HOST = "/"
BINARIES = ("usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "opt/bin", "snap/bin")
UNITS = ("docker.service", "docker.socket", "snap.docker.dockerd.service")
UNIT_FOLDERS = (
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
)
# Where an engine's root folder is configured, besides its unit and the unit's drop-ins.
SETTINGS = ("etc/docker/daemon.json", "etc/default/docker", "etc/sysconfig/docker")
MOST_SETTINGS = 1 << 20
ROOTS = ("/var/lib/docker", "/var/snap/docker/common/var-lib-docker")
# In daemon.json, also in one that does not parse, and as an option of dockerd.
ROOT_IN_JSON = re.compile(r'"(?:data-root|graph)"\s*:\s*"([^"\n]+)"')
ROOT_OPTION = re.compile(r"(?:^|[\s\"'])(?:--data-root|--graph|-g)[= ]\s*[\"']?(/[^\s\"']+)", re.M)

__virtualname__ = "swarm_state_dir"


def __virtual__():
    return __virtualname__


def certificate():
    """
    Return what the node's certificate says: ``node_id``, ``role``, ``cluster_id``, and ``since``
    and ``until`` as seconds since 1970; an empty dict where there is none.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_state_dir.certificate
    """
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    path = os.path.join(_root(), CERTIFICATE)
    try:
        with salt.utils.files.fopen(path, "rb") as handle:
            found = x509.load_pem_x509_certificate(handle.read())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise CommandExecutionError(f"cannot read {path}: {exc}") from None

    def named(oid):
        # swarmkit: the node's id is the common name, its role the unit, the cluster the
        # organization.
        values = found.subject.get_attributes_for_oid(oid)
        return values[0].value if values else ""

    # The names with a time zone came with cryptography 42; the older ones are in UTC, too.
    utc = datetime.timezone.utc
    until = getattr(found, "not_valid_after_utc", None) or found.not_valid_after.replace(tzinfo=utc)
    since = getattr(found, "not_valid_before_utc", None) or found.not_valid_before.replace(
        tzinfo=utc
    )
    return {
        "node_id": named(NameOID.COMMON_NAME),
        "role": named(NameOID.ORGANIZATIONAL_UNIT_NAME).replace("swarm-", "", 1),
        "cluster_id": named(NameOID.ORGANIZATION_NAME),
        "since": since.timestamp(),
        "until": until.timestamp(),
    }


def key_locked():
    """
    Return whether the node's key is encrypted on this host's disk, as with autolock; works also if
    no manager answers. Only the head of the file is read.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_state_dir.key_locked
    """
    try:
        with salt.utils.files.fopen(os.path.join(_root(), KEY), "rb") as handle:
            return handle.readline(64).startswith(b"-----BEGIN ENCRYPTED")
    except FileNotFoundError:
        return False
    except OSError as exc:
        raise CommandExecutionError(f"cannot read the key of this node: {exc}") from None


def orphan_data():
    """
    Return the data of a swarm on the disk of a host whose engine reports no swarm, as after a
    failed force-new-cluster. The next init or join would delete it, and it may be the last copy of
    a cluster: :py:func:`swarm.init <salt.modules.swarm.init>` and :py:func:`swarm.join
    <salt.modules.swarm_join.join>` refuse while it is there.

    Returns ``{"cluster_id", "node_id", "reason"}``: the ids of its certificate (empty where it has
    none), and one line that says what to do; an empty dict where there is no such data.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_state_dir.orphan_data
    """
    info = __salt__["swarm_core.call"]("info")
    if info["Swarm"]["LocalNodeState"] != "inactive":
        return {}
    root = info.get("DockerRootDir") or "/var/lib/docker"
    folder = os.path.join(root, "swarm")
    try:
        if not _has_swarm_data(root):
            return {}
    except OSError as exc:
        return _orphan({}, f"cannot read {folder} ({exc.strerror}): run the minion as root")
    try:
        found = certificate()
    except CommandExecutionError:
        found = {}
    return _orphan(
        found,
        f"{folder} holds data of cluster {found.get('cluster_id') or '(unknown)'} though docker says"
        " that this host is not in a swarm: run systemctl restart docker, then salt"
        f" {__opts__['id']} swarm.unlock key_file=PATH if it is locked, then run again (only if"
        " nobody needs that cluster: move the folder away)",
    )


def _orphan(found, reason):
    return {
        "cluster_id": found.get("cluster_id", ""),
        "node_id": found.get("node_id", ""),
        "reason": reason,
    }


def _has_swarm_data(root):
    """
    Return whether a certificate or raft data is there; an engine that left a swarm deletes both.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.stat(os.path.join(root, CERTIFICATE))
        return True
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return bool(os.listdir(os.path.join(root, RAFT)))
    return False


def _root():
    """Return the engine's root folder; if it does not answer, from its configuration."""
    try:
        return __salt__["swarm_core.call"]("info").get("DockerRootDir") or ROOTS[0]
    except CommandExecutionError:
        return next(
            (root for root in _roots() if os.path.isdir(os.path.join(root, "swarm"))), ROOTS[0]
        )


def engine_trace():
    """
    Return a path that shows that this host has an engine, running or not: its program, its unit, or
    its data, wherever daemon.json or the unit puts that. Empty if it has none.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_state_dir.engine_trace
    """
    paths = [os.path.join(HOST, folder, "dockerd") for folder in BINARIES]
    paths += [os.path.join(HOST, folder, unit) for folder in UNIT_FOLDERS for unit in UNITS]
    paths += [os.path.join(root, "swarm") for root in _roots()]
    # A masked unit is a link to /dev/null.
    found = (path for path in paths if os.path.exists(path))
    return next((path for path in found if os.path.realpath(path) != os.devnull), "")


def _roots():
    """Return the folders that may be the engine's root, without asking it."""
    files = [os.path.join(HOST, path) for path in SETTINGS]
    for folder in UNIT_FOLDERS:
        for unit in UNITS:
            path = os.path.join(HOST, folder, unit)
            files += [path, *sorted(glob.glob(f"{glob.escape(path)}.d/*.conf"))]
    named = []
    for path in files:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            with salt.utils.files.fopen(path) as handle:
                text = handle.read(MOST_SETTINGS)
            named += ROOT_IN_JSON.findall(text) + ROOT_OPTION.findall(text)
    return [os.path.join(HOST, root.lstrip("/")) for root in [*named, *ROOTS]]
