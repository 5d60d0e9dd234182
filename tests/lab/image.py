# SPDX-License-Identifier: Apache-2.0
"""The base image of the hosts, the packages of the engine, and the layer that has them installed.

Each is made once per recipe and cached: as `*.tmp` first, renamed when complete, so that an
interrupted build leaves nothing that looks finished.
"""

import configparser
import contextlib
import hashlib
import io
import os
import pathlib
import shutil

from steps import LabError, contained, output, remove, run_logged

HERE = pathlib.Path(__file__).resolve().parent
MOUNTS = pathlib.Path("/proc/mounts")

# What the lab itself needs, as command: Debian package.
TOOLS = {
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "apt-ftparchive": "apt-utils",
    "gpg": "gpg",
    "gpg-agent": "gpg-agent",
    "gpgv": "gpgv",
}
KEYRING = "debian-archive-keyring"

BASE_PACKAGES = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "python3-venv",
    "iproute2",
    "iptables",
    "ca-certificates",
    "gpg",
    "kmod",
    "procps",
    "openssl",
]
# Offered by the lab's repository where the suite has them: the engine, what tests of services want,
# and what salt-ssh wants.
OFFERED = ["docker.io", "docker-cli", "busybox-static", "docker-registry", "openssh-server"]

COMPILER = "gcc libc6-dev python3-dev"
UNUSED_UNITS = [
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "getty.target",
]

# Where a chroot has the repository: a lab may be below /tmp, which is emptied.
REPOSITORY = "/mnt/lab-repo"

# With newer setuptools Salt's source package builds, but asks for none of its dependencies.
CONSTRAINT = "setuptools<75.6"


def install_tools(steps, log):
    """What is missing on this machine, from its own package archive."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/bin"])
    os.environ["PATH"] = path
    missing = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    if not pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        missing.append(KEYRING)
    if not missing:
        return
    with steps.step(f"installing {' '.join(missing)} on this machine"):
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=600", "-q", "-y"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = [*apt, "install", "--no-install-recommends", *missing]
        try:
            run_logged(install, log, env=environment)
        except LabError:
            run_logged([*apt, "update"], log, env=environment)
            run_logged(install, log, env=environment, hint="install these packages by hand")


def mirror():
    """Debian's archive as this machine's apt knows it: address and keyring."""
    wanted = "$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(SIGNED_BY)"
    for attempt in range(2):
        for line in output(["apt-get", "indextargets", "--format", wanted]).splitlines():
            origin, label, address, signed_by = line.split("|")
            if origin == label == "Debian":
                if not os.path.exists(signed_by):
                    signed_by = f"/usr/share/keyrings/{KEYRING}.gpg"
                return address, signed_by
        if not attempt:
            output(["apt-get", "update"])
    raise LabError("apt of this machine knows no Debian archive: add one to its sources")


def apt_settings():
    """The machine's own network settings for apt (proxy, date checks), as apt.conf text."""
    keep = ("Acquire::http", "Acquire::Check", "Acquire::Retries")
    return "".join(
        f"{line}\n" for line in output(["apt-config", "dump"]).splitlines() if line.startswith(keep)
    )


def pip_settings():
    """The machine's pip configuration as one file's text, and the local folders it names."""
    home = pathlib.Path.home()
    parser = configparser.RawConfigParser()
    parser.read(
        [
            "/etc/pip.conf",
            "/etc/xdg/pip/pip.conf",
            home / ".pip/pip.conf",
            home / ".config/pip/pip.conf",
            os.environ.get("PIP_CONFIG_FILE", ""),
        ]
    )
    values = [value for name in parser.sections() for _, value in parser.items(name)]
    values += [value for name, value in os.environ.items() if name.startswith("PIP_")]
    words = [word.removeprefix("file://") for value in values for word in value.split()]
    text = io.StringIO()
    parser.write(text)
    folders = (pathlib.Path(word) for word in words if word.startswith("/"))
    # An index in a folder `simple` has its files beside that folder.
    folders = (path.parent if path.name == "simple" else path for path in folders)
    return text.getvalue(), sorted({path for path in folders if path.is_dir()})


class Image:
    """One suite after one recipe: this file with the tree that it copies.

    Folders, each made on its own: `root` (the suite), `salt-VERSION` (a layer over it, with Salt),
    `repo` (what the lab's package repository serves), `engine` (a layer with the engine).
    """

    def __init__(self, lab, suite, salt, known=None):
        self.lab, self.suite, self.salt = lab, suite, salt
        self.name = known or f"{suite}-{self.recipe()}"
        self.dir = lab.cache / "image" / self.name
        self.root = self.dir / "root"
        self.repo = self.dir / "repo"

    @staticmethod
    def recipe():
        """Changes with everything that decides what the image holds."""
        recipe = hashlib.sha256()
        tree = sorted(path for path in (HERE / "rootfs").rglob("*") if path.is_file())
        for path in [HERE / "image.py", *tree]:
            recipe.update(str(path.relative_to(HERE)).encode() + path.read_bytes())
        return recipe.hexdigest()[:10]

    def layers(self, engine):
        """What a host's root is made of, the uppermost first."""
        return [self.dir / "engine"] * engine + [self.dir / f"salt-{self.salt}", self.root]

    def drop_older(self):
        """Images of the same suite made by another recipe, which no host runs on (of a lab that
        shares the cache)."""
        mounts = MOUNTS.read_text()
        for old in self.dir.parent.glob(f"{self.suite}-*"):
            if old != self.dir and f"/{old.name}/" not in mounts:
                remove(old)

    def build(self, steps, engine):
        """Make what is not there yet."""
        parts = [
            ("root", "base image: debootstrap of {suite} (a minute)", debootstrap),
            (f"salt-{self.salt}", "base image: Salt {salt} from the package index", install_salt),
            ("repo", "packages of the engine: download, signed repository", make_repository),
        ]
        if engine:
            parts.append(("engine", "base image: layer with the engine", install_engine))
        for name, text, make in parts:
            if (self.dir / name).exists():
                continue
            self.dir.mkdir(parents=True, exist_ok=True)
            work, log = self.dir / f"{name}.tmp", self.lab.log / f"{name}.log"
            with steps.step(text.format(suite=self.suite, salt=self.salt)):
                remove(work)
                log.unlink(missing_ok=True)
                make(self, work, log)
                work.rename(self.dir / name)


def debootstrap(image, root, log):
    archive, keyring = mirror()
    command = [
        "debootstrap",
        "--variant=minbase",
        f"--keyring={keyring}",
        f"--cache-dir={package_cache(image)}",
        f"--include={','.join(BASE_PACKAGES)}",
        image.suite,
        root,
        archive,
    ]
    run_logged(contained(command), log, hint=f"has the mirror {image.suite}?")
    shutil.copytree(HERE / "rootfs", root, dirs_exist_ok=True)
    (root / "etc/apt/sources.list").write_text("# The hosts of the lab start without a source.\n")
    for name in ["etc/hostname", "etc/machine-id", "var/lib/dbus/machine-id", "etc/resolv.conf"]:
        (root / name).unlink(missing_ok=True)
    (root / "etc/resolv.conf").write_text("")
    (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
    for unit in UNUSED_UNITS:
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for name in ["salt", "salt-call", "salt-key", "salt-run", "salt-ssh"]:
        (root / "usr/local/bin" / name).symlink_to(f"/opt/salt/bin/{name}")
    # Tells systemd that its caches are fresh: otherwise every host builds them at its first boot.
    for folder in ["etc", "var"]:
        (root / folder / ".updated").touch()


def install_salt(image, layer, log):
    """Install Salt in /opt/salt. One of its dependencies needs a compiler; that stays outside the layer."""
    settings, folders = pip_settings()
    upper, salt = image.dir / "compiler.tmp", layer / "opt/salt"
    cache = image.lab.cache / "pip"
    remove(upper)  # of a run that failed
    for folder in [salt, cache, upper / "tmp"]:
        folder.mkdir(parents=True, exist_ok=True)
    (upper / "tmp/pip.conf").write_text(settings)
    (upper / "tmp/constraint.txt").write_text(CONSTRAINT + "\n")
    script = f"""
        apt-get -q update
        apt-get -q -y -o APT::Sandbox::User=root --no-install-recommends install {COMPILER}
        export PIP_CONFIG_FILE=/tmp/pip.conf PIP_CACHE_DIR={cache}
        export PIP_CONSTRAINT=/tmp/constraint.txt PIP_BUILD_CONSTRAINT=/tmp/constraint.txt
        unset PYTHONDONTWRITEBYTECODE
        python3 -m venv /opt/salt
        /opt/salt/bin/pip install salt=={image.salt}
        /opt/salt/bin/salt-call --version
    """
    hint = f"does Salt {image.salt} install from the package index here? LAB_SALT names another"
    machine_sources(image, upper)
    binds = {"/opt/salt": salt, "/var/cache/apt/archives": package_cache(image)}
    binds |= {folder: folder for folder in [cache, *folders]}
    chroot(image, script, upper, log, binds, hint=hint)
    remove(upper)


def make_repository(image, repo, log):
    """The offered packages with what they need beyond the base root, and a key to trust."""
    upper, pool = image.dir / "apt.tmp", repo / "pool"
    remove(upper)  # of a run that failed
    pool.mkdir(parents=True)
    machine_sources(image, upper)
    script = f"""
        apt-get -q update
        known=$(for p in {" ".join(OFFERED)}; do
            if apt-cache show $p >/dev/null 2>&1; then echo $p; fi; done)
        apt-get -q -y --no-install-recommends --download-only -o APT::Sandbox::User=root \
            install $known
    """
    chroot(image, script, upper, log, {"/var/cache/apt/archives": pool}, "does the mirror answer?")
    remove(upper)
    remove(pool / "partial")
    remove(pool / "lock")
    repack(pool, log)
    sign(image, repo, log)


def repack(pool, log):
    """The same packages, packed so that they open fast: most of an installation's processor time
    goes into Debian's xz, and all hosts of the lab share this machine's processors."""
    script = """
        cd "$0"
        for deb in *.deb; do
            dpkg-deb --raw-extract "$deb" open.tmp
            dpkg-deb -Zzstd -z3 --build open.tmp "$deb"
            rm -r open.tmp
        done
    """
    run_logged(contained(["sh", "-ec", script, pool]), log)


def package_cache(image):
    folder = image.lab.cache / "debs" / image.suite
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def machine_sources(image, upper):
    """apt's sources for a throw-away overlay: the machine's own mirror and network settings."""
    archive, keyring = mirror()
    etc = upper / "etc/apt"
    (etc / "apt.conf.d").mkdir(parents=True)
    (etc / "apt.conf.d/99machine").write_text(apt_settings())
    shutil.copy(keyring, etc / "machine.gpg")
    line = f"deb [signed-by=/etc/apt/machine.gpg] {archive} {image.suite} main\n"
    (etc / "sources.list").write_text(line)


def sign(image, repo, log):
    """Index of the pool, signed by a key that is made here and thrown away."""
    arch = output(["dpkg", "--print-architecture"]).strip()
    release = {
        "Origin": "libswarm-lab",
        "Label": "libswarm-lab",
        "Suite": image.suite,
        "Codename": image.suite,
        "Components": "main",
        "Architectures": arch,
    }
    options = " ".join(f"-o APT::FTPArchive::Release::{key}={release[key]}" for key in release)
    script = f"""
        cd {repo}
        dist=dists/{image.suite}
        index=$dist/main/binary-{arch}
        mkdir -p $index
        apt-ftparchive packages pool >$index/Packages
        apt-ftparchive {options} release $dist >Release
        mv Release $dist/Release
        export GNUPGHOME=$(mktemp -d)
        gpg --batch --passphrase '' --quick-generate-key 'libswarm lab' rsa2048 sign never
        gpg --batch --export --armor >lab.asc
        gpg --batch --clearsign -o $dist/InRelease $dist/Release
        gpg --batch --armor --detach-sign -o $dist/Release.gpg $dist/Release
        rm -rf $GNUPGHOME
        chmod -R a+rX .
    """
    run_logged(contained(["sh", "-ec", script]), log)


def install_engine(image, upper, log):
    source = f"deb [trusted=yes] file:{REPOSITORY} {image.suite} main"
    script = f"""
        printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
        chmod +x /usr/sbin/policy-rc.d
        echo '{source}' >/etc/apt/sources.list.d/lab.list
        apt-get -q update
        apt-get -q -y -o APT::Sandbox::User=root install docker.io
        rm -r /etc/apt/sources.list.d/lab.list /usr/sbin/policy-rc.d
        rm -rf /var/lib/apt/lists/* /tmp/*
    """
    chroot(image, script, upper, log, {REPOSITORY: image.repo})


def chroot(image, script, upper, log, binds, hint=""):
    """Run a script in an overlay on the root of the image; `upper` gets what it writes. It sees
    the caller's name service and certificates, and `binds`: its path to a folder outside. The
    mounts are gone when it ends."""
    inside, work = upper.with_suffix(".mnt"), upper.with_suffix(".work")
    for folder in [upper / "tmp", inside, work]:
        folder.mkdir(parents=True, exist_ok=True)
    (upper / "tmp").chmod(0o1777)
    layers = f"lowerdir={image.root},upperdir={upper},workdir={work}"
    lines = [
        f"mount -t overlay overlay -o {layers} {inside}",
        f"cd {inside}",
        "for d in proc sys dev etc/resolv.conf etc/ssl/certs; do",
        "[ ! -e /$d ] || mount --rbind /$d ./$d; done",
        *(f"mkdir -p .{path}; mount --bind {folder} .{path}" for path, folder in binds.items()),
        'exec chroot . /bin/sh -exc "$1"',
    ]
    try:
        run_logged(contained(["sh", "-ec", "\n".join(lines), "sh", script]), log, hint=hint)
    finally:
        remove(inside)
        remove(work)
    for path in binds:
        with contextlib.suppress(OSError):
            os.removedirs(f"{upper}{path}")
