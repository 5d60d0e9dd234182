# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: credentials for a registry, checked and renewed
==================================================================

The managers keep the credentials for its image's registry for each service, and give them to the nodes.
The functions belong to the name ``swarm``.

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


def registry_check(images=None, registry_auth=None, timeout=None):
    """
    Look up images in their registries with the credentials of pillar. Run it before nodes are drained: a
    task that moves to a node without the image can start only where both are right.

    images
        Names of images; on a manager the images of all services unless given. A worker does not know the
        services: give it the images, and it asks the registries from its own network.
    registry_auth
        Where the credentials are (:py:mod:`swarm_registry`); pillar ``swarm:registries`` unless given.
    timeout
        Seconds for each image (15).

    Returns ``{image: "found", or the reason why it is not}``; the exit code is 1 where one is not found.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm.registry_check
        salt worker1 swarm.registry_check '[registry.example.com:5000/team/app:2]'
    """
    if images is None:
        images = [
            service["Spec"]["TaskTemplate"].get("ContainerSpec", {}).get("Image")
            for service in __salt__["swarm_core.core"]("object_list", "service")
        ]
    elif isinstance(images, str):
        images = [images]
    elif not isinstance(images, list) or not all(isinstance(one, str) for one in images):
        raise SaltInvocationError(f"images must be a list of names of images, not {images!r}")

    def look_up(image):
        def ask(auth):
            __salt__["swarm_core.core"]("image_resolve", image, registry_auth=auth, timeout=timeout)

        try:
            __salt__["swarm_registry.auth"](image, registry_auth, into=ask)
        except CommandExecutionError as exc:
            __context__["retcode"] = 1
            return str(exc)
        return "found"

    return {image: look_up(image) for image in sorted({one for one in images if one})}
