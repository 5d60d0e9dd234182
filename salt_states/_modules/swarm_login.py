# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: new credentials for a registry
=================================================

The managers keep the credentials for its image's registry for each service, and give them to the nodes. The
function runs on a manager, and belongs to the name ``swarm``.

:maturity: new
:depends: the execution modules ``swarm`` and ``swarm_registry``

.. versionadded:: 0.1.0
"""

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "swarm"


def __virtual__():
    return __virtualname__


def registry_login(registry=None, version=None, registry_auth=None, timeout=None, dry_run=False):
    """
    Give new credentials for a registry to all services that have an image of it, from a manager. They are
    tried first by looking one of the images up. No task restarts.

    The engine shows no credentials, so each service keeps ``version`` in its label
    ``libswarm.registry_auth``; where that text is there already, nothing is sent. A service that gets
    credentials can no longer be rolled back to the spec before its last change. Jobs are left alone, since
    they would run again: they get credentials when they are changed.

    registry
        Host of the registry, such as ``registry.example.com:5000`` or ``docker.io``.
    version
        A text that is another one for each credentials, such as a date; never the secret itself.
    registry_auth
        Where the credentials are (:py:mod:`swarm_registry`); pillar ``swarm:registries`` unless given.
    timeout
        Seconds for the whole call (60).
    dry_run
        ``True``: send nothing.

    Returns ``{"services": [names of those that got them], "skipped": [names of jobs]}``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.registry_login registry.example.com:5000 2026-11 '{pillar: registry:robot}'
    """
    if isinstance(version, bool) or not isinstance(version, (str, int)) or version == "":
        raise SaltInvocationError(f"version must be a text such as '2026-11', not {version!r}")

    def login(auth):
        if auth is None:
            raise CommandExecutionError(
                f"no credentials for {registry}: give registry_auth, or set pillar swarm:registries"
            )
        return __salt__["swarm_core.core"](
            "registry_login", registry, auth, str(version), dry_run=bool(dry_run), timeout=timeout
        )

    return __salt__["swarm_registry.auth_for"](registry, registry_auth, into=login)
