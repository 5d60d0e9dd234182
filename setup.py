# SPDX-License-Identifier: Apache-2.0
"""Builds the wheel saltext-swarm: the Salt modules, the SLS tree, and the extension ``_swarm``.

The extension compiles libswarm's own sources (``libswarm/sources.txt``) into one abi3 module for
CPython 3.10 and later. It links the libcurl and jansson that pkg-config finds or, where the
environment has ``SWARM_STATIC=<prefix>``, the static ones in that prefix, hidden, so that the module
needs libc alone (``pymodule/static-deps`` makes such a prefix).
"""

import os
import subprocess
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).resolve().parent
VERSION = (ROOT / "VERSION").read_text(encoding="ascii").strip()

SOURCES = [
    *(ROOT / "libswarm/sources.txt").read_text(encoding="ascii").split(),
    "pymodule/_swarmmodule.c",
    "pymodule/_client.c",
    "pymodule/_cluster.c",
    "pymodule/_compose.c",
    "pymodule/_convert.c",
    "pymodule/_errors.c",
    "pymodule/_health.c",
    "pymodule/_keys.c",
    "pymodule/_lock.c",
    "pymodule/_methods.c",
    "pymodule/_network.c",
    "pymodule/_evict.c",
    "pymodule/_rebalance.c",
    "pymodule/_node.c",
    "pymodule/_record.c",
    "pymodule/_service.c",
    "pymodule/_spec.c",
    "pymodule/_stack.c",
    "pymodule/_state.c",
    "pymodule/_stream.c",
    "pymodule/_versioned.c",
    "pymodule/_wait.c",
]
DEPENDS = [
    str(path.relative_to(ROOT))
    for pattern in ("libswarm/**/*.h", "libswarm/**/*.def", "pymodule/*.h", "VERSION")
    for path in sorted(ROOT.glob(pattern))
]

# Where each package lives in the tree. The folders of Salt modules serve as file root as they are.
PACKAGES = {
    "saltext.swarm": "pymodule",
    "saltext.swarm.modules": "salt_states/_modules",
    "saltext.swarm.states": "salt_states/_states",
    "saltext.swarm.output": "salt_states/_output",
    "saltext.swarm.grains": "salt_states/_grains",
    "saltext.swarm.runners": "salt_states/_runners",
    "saltext.swarm._fileroot": "salt_states",
    "saltext.swarm._pillar_example": "pillar_example",
}


def libraries():
    """Return the (compile arguments, link arguments) for libcurl and jansson."""
    prefix = os.environ.get("SWARM_STATIC")
    if prefix:
        archives = [Path(prefix, "lib", f"lib{name}.a") for name in ("curl", "jansson")]
        for archive in archives:
            if not archive.is_file():
                raise SystemExit(f"SWARM_STATIC: {archive} is missing, run pymodule/static-deps")
        # Behind libcurl, where it was made with TLS.
        tls = [Path(prefix, "lib", f"lib{name}.a") for name in ("ssl", "crypto")]
        archives += [archive for archive in tls if archive.is_file()]
        return (
            [f"-I{prefix}/include", "-DCURL_STATICLIB"],
            [*map(str, archives), "-Wl,--exclude-libs,ALL"],
        )

    def pkg_config(what):
        command = ["pkg-config", what, "libcurl >= 7.66", "jansson >= 2.14"]
        try:
            return subprocess.check_output(command, text=True).split()
        except FileNotFoundError:
            raise SystemExit("pkg-config is missing: apt-get install pkg-config") from None
        except subprocess.CalledProcessError:
            raise SystemExit(
                "libcurl or jansson is missing: apt-get install libcurl4-openssl-dev libjansson-dev"
            ) from None

    return pkg_config("--cflags"), pkg_config("--libs")


def extension():
    """Return the setuptools Extension of ``_swarm``."""
    compile_args, link_args = libraries()
    return Extension(
        "saltext.swarm._swarm",
        sources=SOURCES,
        depends=DEPENDS,
        include_dirs=["libswarm", "libswarm/include"],
        define_macros=[("SWARM_VERSION", f'"{VERSION}"'), ("Py_LIMITED_API", "0x030A0000")],
        extra_compile_args=[
            "-std=gnu11",
            "-Wall",
            "-Wextra",
            "-fvisibility=hidden",
            "-ffunction-sections",
            "-fdata-sections",
            # As pymodule/static-deps compiles libcurl; some compilers define the last one themselves.
            "-fstack-protector-strong",
            "-U_FORTIFY_SOURCE",
            "-D_FORTIFY_SOURCE=2",
            *compile_args,
        ],
        extra_link_args=["-Wl,--gc-sections", "-Wl,-z,relro,-z,now", *link_args],
        py_limited_api=True,
    )


# Name, description and entry points are in pyproject.toml.
setup(
    version=VERSION,
    platforms=["Linux"],
    ext_modules=[extension()],
    packages=list(PACKAGES),
    package_dir=PACKAGES,
    # With a [project] table its default is to ship whatever MANIFEST.in has below a package.
    include_package_data=False,
    package_data={
        "saltext.swarm": ["_swarm.pyi", "py.typed"],
        "saltext.swarm._fileroot": ["top.sls", "docker/**/*"],
        "saltext.swarm._pillar_example": ["*.sls"],
    },
    options={"bdist_wheel": {"py_limited_api": "cp310"}},
    zip_safe=False,
)
