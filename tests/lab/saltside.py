# SPDX-License-Identifier: Apache-2.0
"""Salt in the lab: keys, configuration of master and minions, file root and pillar."""

import json
import pathlib
import shutil
import subprocess

from hosts import address
from steps import LabError, output, run_logged

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]

MASTER = {
    "interface": address("master"),
    "file_roots": {"base": ["/srv/salt"]},
    "pillar_roots": {"base": ["/srv/pillar"]},
    # Both go over the pillar of the checkout, the second for whoever tries something out.
    "ext_pillar": [{"cmd_json": "cat /srv/lab.json"}, {"cmd_yaml": "cat /srv/local.yaml"}],
    "fileserver_list_cache_time": 0,
    "log_level_logfile": "debug",
}
MINION = {
    "master": address("master"),
    "enable_fqdns_grains": False,
    "log_level_logfile": "debug",
}
NODEGROUPS = "nodegroups:\n  swarmmanager: 'manager*'\n  swarmworker: 'worker*'\n"


def make_keys(image, folder, names):
    """A pair for each name that has none. They outlive a wipe of the host."""
    folder.mkdir(parents=True, exist_ok=True)
    openssl = ["chroot", image.root, "openssl"]
    for name in names:
        private, public = folder / f"{name}.pem", folder / f"{name}.pub"
        if not public.exists():
            text = output([*openssl, "genrsa", "-traditional", "2048"])
            private.write_text(text)
            private.chmod(0o400)
            done = subprocess.run(
                [*openssl, "rsa", "-pubout"], input=text, text=True, capture_output=True, check=True
            )
            (folder / "new").write_text(done.stdout)
            (folder / "new").rename(public)


def install_key(keys, name, pki, kind):
    pki.mkdir(parents=True, exist_ok=True)
    for end in ["pem", "pub"]:
        shutil.copy(keys / f"{name}.{end}", pki / f"{kind}.{end}")


def accept_keys(master_root, keys, names):
    accepted = master_root / "etc/salt/pki/master/minions"
    accepted.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(keys / f"{name}.pub", accepted / name)


def forget_key(master_root, name):
    (master_root / "etc/salt/pki/master/minions" / name).unlink(missing_ok=True)


def enable(root, *units):
    for unit in units:
        link = root / "etc/systemd/system/multi-user.target.wants" / unit
        link.unlink(missing_ok=True)
        link.symlink_to(f"/etc/systemd/system/{unit}")


def configure_master(root, keys):
    install_key(keys, "master", root / "etc/salt/pki/master", "master")
    folder = root / "etc/salt/master.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lab.conf").write_text(as_yaml(MASTER))
    found = sorted((CHECKOUT / "examples").rglob("nodegroups.conf"))
    (folder / "nodegroups.conf").write_text(found[0].read_text() if found else NODEGROUPS)
    (root / "srv/local.yaml").write_text("{}\n")
    enable(root, "salt-master.service", "lab-repo.service")


def configure_minion(root, keys, name):
    install_key(keys, name, root / "etc/salt/pki/minion", "minion")
    folder = root / "etc/salt/minion.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lab.conf").write_text(as_yaml({"id": name, **MINION}))
    enable(root, "salt-minion.service")


def as_yaml(value):
    """JSON is YAML."""
    return json.dumps(value, indent=2) + "\n"


def pillar(suite, managers):
    """What differs in the lab from the example pillar."""
    repository = f"http://{address('master')}:8000"
    return {
        "repositories": {
            "repos": {
                "docker": {
                    "humanname": "Packages of the lab",
                    "baseurl": repository,
                    "gpgkey": f"{repository}/lab.asc",
                    "dist": suite,
                    "comps": "main",
                }
            },
            "pkgs": {"docker-engine": {"name": "docker.io", "version": ""}},
        },
        "swarm": {"managers": managers, "workers": ["worker*"], "advertise": "eth0"},
    }


def sync(lab, master_root, suite, managers, checkout):
    """File root and pillar of the master, as the checkout has them now."""
    staging = lab.run / "sync"
    if staging.exists():
        shutil.rmtree(staging)
    file_root = staging / "salt"
    writer = checkout / "pymodule/fileroot.py"
    built = sorted(
        (checkout / "build/dropin").glob("_swarm-*.abi3.so"), key=lambda path: path.stat().st_mtime
    )
    if writer.exists() and built:
        file_root.mkdir(parents=True)
        log = lab.log / "sync.log"
        log.unlink(missing_ok=True)
        run_logged(
            ["/usr/bin/python3", "-B", writer, "write", "--extension", built[-1], file_root],
            log,
            cwd=checkout,
            hint="the project's own command for the file root",
        )
        what = built[-1].name
    else:
        copy(checkout / "salt_states", file_root)
        what = "salt_states as it is: no built extension"
    copy(checkout / "pillar_example", staging / "pillar")
    (staging / "lab.json").write_text(as_yaml(pillar(suite, managers)))
    for name in ["salt", "pillar"]:
        mirror(staging / name, master_root / "srv" / name)
    replace(staging / "lab.json", master_root / "srv/lab.json")
    shutil.rmtree(staging)
    return what


def copy(source, target):
    target.mkdir(parents=True)
    if source.is_dir():
        shutil.copytree(
            source,
            target,
            dirs_exist_ok=True,
            ignore_dangling_symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__", "*.pyc"),
        )


def mirror(source, target):
    """Make a tree equal to another, file by file, so that what is read meanwhile is whole."""
    target.mkdir(parents=True, exist_ok=True)
    here = {path.relative_to(source) for path in source.rglob("*")}
    for path in sorted(target.rglob("*"), reverse=True):
        same_kind = path.is_dir() == (source / path.relative_to(target)).is_dir()
        if path.relative_to(target) not in here or not same_kind:
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in sorted(here):
        if (source / name).is_dir():
            (target / name).mkdir(exist_ok=True)
        else:
            replace(source / name, target / name)


def replace(source, target):
    if target.exists() and target.read_bytes() == source.read_bytes():
        return
    new = target.with_name(f".{target.name}.new")
    shutil.copy(source, new)
    new.rename(target)


def ping(master, names, seconds=60):
    """All minions answer, by Salt's own word."""
    command = ["salt", "--out=json", "--static", "-t", "15", "-L", ",".join(names), "test.ping"]
    for _ in range(max(1, seconds // 15)):
        done = subprocess.run(
            master.inside(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            answers = json.loads(done.stdout)
        except ValueError:
            answers = {}
        silent = [name for name in names if answers.get(name) is not True]
        if not silent:
            return
    raise LabError(
        f"no answer to test.ping from {' '.join(silent)}; look with `lab exec {silent[0]} "
        "tail /var/log/salt/minion`, or make a new one with `lab wipe`"
    )
