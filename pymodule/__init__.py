# SPDX-License-Identifier: Apache-2.0
"""Docker swarm mode for Salt.

The compiled core is ``saltext.swarm._swarm``; it is not imported here, so that this package loads
where the core cannot.
"""

from pathlib import Path

_HERE = Path(__file__).resolve().parent
# Installed, the Salt modules lie inside this package; in a checkout (and in an editable install,
# whose package is the checkout's folder) beside it.
_INSTALLED = (_HERE / "modules").is_dir()

__version__ = (
    (_HERE / "_fileroot/docker/VERSION" if _INSTALLED else _HERE.parent / "VERSION")
    .read_text(encoding="ascii")
    .strip()
)


def loader_dirs():
    """Return the folders that Salt's loader adds, for the entry point ``salt.loader``.

    The result is ``{loader type: [folder]}``, such as ``{"modules": ["/…/saltext/swarm/modules"]}``.
    """
    folders = {}
    for kind in ("modules", "states", "output", "grains", "runners"):
        folder = _HERE / kind if _INSTALLED else _HERE.parent / "salt_states" / f"_{kind}"
        folders[kind] = [str(folder)]
    return folders
