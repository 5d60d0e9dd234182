# SPDX-License-Identifier: Apache-2.0
"""SLS files as Salt itself renders and compiles them, and options as a minion has them."""

import copy
from pathlib import Path

import once
import salt.state
import yaml

PROJECT = Path(__file__).resolve().parents[2]
STATES = PROJECT / "salt_states"
PILLAR = PROJECT / "pillar_example"

DEBIAN = {
    "os_family": "Debian",
    "os": "Debian",
    "oscodename": "trixie",
    "osmajorrelease": 13,
    "osarch": "amd64",
    "kernel": "Linux",
    "cpuarch": "x86_64",
    "init": "systemd",
    "saltversioninfo": [3008, 3, 0, 0],
}
REDHAT = {**DEBIAN, "os_family": "RedHat", "os": "Rocky", "oscodename": "", "osmajorrelease": 9}


def minion_opts(root, minion="minion1", modules=STATES, **more):
    """Options of a minion whose files live under ``root``, with the project's folders.

    modules
        Folder with ``_modules``, ``_states`` and ``_output``.
    """
    opts = once.minion_config()
    root = str(root)
    opts.update(
        id=minion,
        root_dir=root,
        cachedir=f"{root}/cache",
        pki_dir=f"{root}/pki",
        sock_dir=f"{root}/run",
        extension_modules=f"{root}/extmods",
        conf_file=f"{root}/minion",
        module_dirs=[f"{modules}/_modules"],
        states_dirs=[f"{modules}/_states"],
        outputter_dirs=[f"{modules}/_output"],
        file_client="local",
        file_roots={"base": [str(STATES)]},
        pillar_roots={"base": [str(PILLAR)]},
        grains={"id": minion, "nodename": minion, **DEBIAN},
        pillar={},
        test=False,
    )
    opts.update(more)
    return opts


def pillar_files(root, pillar):
    """A folder with this pillar as files, for each minion."""
    folder = Path(root) / "pillar"
    folder.mkdir(exist_ok=True)
    (folder / "top.sls").write_text("base: {'*': [given]}")
    (folder / "given.sls").write_text(f"#!yaml\n{yaml.safe_dump(pillar)}")
    return str(folder)


def high(opts, pillar, *sls):
    """The high data of SLS files, as rendered by Salt; rendering errors fail here."""
    opts = dict(copy.copy(opts), pillar=pillar)
    with salt.state.HighState(opts, initial_pillar=pillar) as state:
        return high_of(state, *sls)


def high_of(state, *sls, saltenv="base"):
    """The same by a ``HighState`` that may render more."""
    # It keeps what it rendered, to find an ID that two files have.
    state.building_highstate = type(state.building_highstate)()
    data, errors = state.render_highstate({saltenv: list(sls)})
    assert not errors, errors
    return data


def low(opts, pillar, *sls, exclude=()):
    """The low chunks of SLS files in the order of their run, requisites resolved; each requisite
    that names no state fails here. ``exclude`` is as for ``state.apply``.
    """
    opts = dict(copy.copy(opts), pillar=pillar)
    with salt.state.HighState(opts, initial_pillar=pillar) as highstate:
        data, errors = highstate.render_highstate({"base": list(sls)})
        if exclude:
            data["__exclude__"] = list(exclude)
        state = highstate.state
        errors += state.verify_high(data)
        data, more = state.reconcile_extend(data)
        errors += more
        data = state.apply_exclude(data)
        data, more = state.requisite_in(data)
        errors += more
        chunks, more = state.compile_high_data(data)
        errors += more
        assert not errors, errors
        _check_requisites(chunks)
        return chunks


def _check_requisites(chunks):
    """Salt tells of a requisite that names no state only at the run."""
    known = {(chunk["state"], chunk[key]) for chunk in chunks for key in ("__id__", "name")}
    for chunk in chunks:
        for requisite in chunk.get("require", []):
            for wanted in requisite.items():
                assert wanted in known, f"{chunk['__id__']} requires {wanted}, which is nowhere"
