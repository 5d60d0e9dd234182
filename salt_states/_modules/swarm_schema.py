# SPDX-License-Identifier: Apache-2.0
"""
Docker swarm mode: the schema of pillar
=======================================

Every key that pillar has for this extension, what it accepts and what it means, in this one file. The checks
of the orchestrations, of the states and of the runner and the table in ``docs/configuration.md`` all come
from here. The states' own arguments are of the same kinds.

The functions are pure: they ask neither engine nor mine. ``docker/run.jinja`` renders this file on the
master by Salt's ``py`` renderer (:py:func:`run`), because an orchestration may run before anything was
synced there; so it needs no other file of the extension.

:maturity: new

.. versionadded:: 0.1.0
"""

import collections
import datetime
import difflib
import fnmatch
import ipaddress
import re
import sys

from salt.exceptions import SaltInvocationError

__virtualname__ = "swarm_schema"

# What an int64 of the engine holds in any case; Python refuses to convert a text of thousands.
DIGITS = 18
# In the order in which a duration is written; in nanoseconds.
UNITS = {
    "d": 86_400_000_000_000,
    "h": 3_600_000_000_000,
    "m": 60_000_000_000,
    "s": 1_000_000_000,
    "ms": 1_000_000,
    "us": 1_000,
    "ns": 1,
}
INT64 = 2**63 - 1
# The states' own marks on nodes and clusters.
OWN_LABELS = "saltext.swarm."
# moby: the pools of an engine whose configuration has none use this mask.
SUBNET_SIZE = 24
# Arguments that Salt adds to those of a state.
OF_SALT = ("no_log", "sfun", "sreqs", "connection_user", "connection_pass")

# words: as the table of the docs has it. slips(where, value): a line for each slip. keys: of a dictionary.
Kind = collections.namedtuple("Kind", "words slips keys", defaults=(None,))
# default: words for the docs. nothing: the value null is a value, and not "not given".
Key = collections.namedtuple("Key", "kind meaning default example", defaults=("", None))


def __virtual__():
    return __virtualname__


# --- kinds ----------------------------------------------------------------------------------------


def _shown(value):
    """Return a value for an error: nothing secret, one line, and a large one cut."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a dictionary"
    if isinstance(value, (list, tuple, set)):
        return "a list"
    if not isinstance(value, str):
        try:
            text = str(value)
        except ValueError:
            return "a number of thousands of digits"
        return text if len(text) <= 40 else f"{text[:40]}…"
    if re.search(r"SWM(TKN|KEY)|PRIVATE KEY", value):
        return "a secret"
    return repr(value) if len(value) <= 60 else f"{value[:60]!r}…"


def _bare(text):
    """Return a name for an error, without quotes if it is one word."""
    plain = isinstance(text, str) and re.fullmatch(r"[\w.*?:/@\[\]-]{1,60}", text)
    return text if plain and _shown(text) != "a secret" else _shown(text)


def _plain(name):
    """Return a name as YAML reads it in a list; a pattern needs quotes there."""
    return repr(name) if _is_pattern(name) else name


def _is_pattern(text):
    return bool(re.search(r"[*?\[]", text))


def _quote(value):
    """Return how to write a value that YAML did not read as a string."""
    loose = (bool, int, float, datetime.date)
    return ": quote it in YAML" if isinstance(value, loose) else ""


def _near(text, known, cutoff=0.6):
    """Return `` (did you mean 'x'?)``, or nothing."""
    found = difflib.get_close_matches(_bare(text), [str(one) for one in known], 1, cutoff)
    return f" (did you mean {_shown(found[0])}?)" if found else ""


def _simple(words, fits, hint=lambda value: ""):
    def slips(where, value):
        return [] if fits(value) else [f"{where} must be {words}, not {_shown(value)}{hint(value)}"]

    return Kind(words, slips)


def _is_text(value):
    return isinstance(value, str) and bool(value.strip())


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _text(words="a string", pattern=r"\S.*"):
    return _simple(
        words, lambda value: isinstance(value, str) and re.fullmatch(pattern, value), _quote
    )


def _place_of_secret(words, pattern):
    """Check where a secret is. Another text is not shown: it may be the secret itself."""
    text = _text(words, pattern)

    def slips(where, value):
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            return [
                f"{where} must be {words} (not shown, it may be a secret that was put in its place)"
            ]
        return text.slips(where, value)

    return Kind(words, slips)


def _integer(least=0, most=None):
    words = (
        f"an integer of at least {least}" if most is None else f"an integer from {least} to {most}"
    )

    def hint(value):
        digits = isinstance(value, str) and value.strip().isdigit()
        return ": remove the quotes" if digits else ""

    most = INT64 if most is None else most
    return _simple(words, lambda value: _is_integer(value) and least <= value <= most, hint)


def _choice(*known):
    words = f"{', '.join(known[:-1])} or {known[-1]}"

    def hint(value):
        return _near(value, known) if isinstance(value, str) else _quote(value)

    return _simple(words, lambda value: isinstance(value, str) and value in known, hint)


def _names(value):
    """Return the names in one string, or the keys of a dictionary, where a list is needed."""
    names = re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else []
    names = list(value) if isinstance(value, dict) else names
    return names if all(isinstance(one, str) and one and _bare(one) == one for one in names) else []


def _list(one, words):
    def slips(where, value):
        if not isinstance(value, (list, tuple)):
            names = _names(value)
            wrong = [line for name in names for line in one.slips(f"{where}: each entry", name)]
            hint = f": write [{', '.join(map(_plain, names))}]" if names and not wrong else ""
            wrong = wrong if isinstance(value, str) else []
            return [f"{where} must be a list of {words}, not {_shown(value)}{hint}", *wrong]
        return [line for entry in value for line in one.slips(f"{where}: each entry", entry)]

    return Kind(f"list of {words}", slips)


def _one_or_list(kind, one):
    def slips(where, value):
        return kind.slips(where, [value] if isinstance(value, str) else value)

    return Kind(f"{one}, or {kind.words}", slips)


def _mapping(keys):
    """Check a dictionary of these keys; null means that a key is not given."""
    # All of those of a stack would bury the line.
    words = f" ({', '.join(keys)})" if len(keys) < 6 else ""

    def slips(where, value):
        if not isinstance(value, dict):
            return [f"{where} must be a dictionary{words}, not {_shown(value)}"]
        lines = []
        for key, below in value.items():
            if key not in keys:
                lines.append(_unknown("key", key, keys, f" under {where.removeprefix('pillar ')}"))
            elif below is not None:
                lines += keys[key].kind.slips(f"{where}:{_bare(key)}", below)
        return lines

    return Kind("dictionary", slips, keys)


def _unknown(what, name, known, under=""):
    hint = _near(name, known) or f" (valid: {', '.join(known) or 'none'})"
    return f"unknown {what} {_shown(name)}{under}{hint}"


def _each(one, words, of=None):
    """Check a dictionary whose keys are the operator's own."""
    of = of or _text()

    def slips(where, value):
        if not isinstance(value, dict):
            return [f"{where} must be a dictionary ({words}), not {_shown(value)}"]
        lines = []
        for key, below in value.items():
            lines += of.slips(f"{where}: each name", key)
            lines += [] if below is None else one.slips(f"{where}:{_bare(key)}", below)
        return lines

    return Kind(f"dictionary: {words}", slips, one.keys)


def _labels(where, value):
    if not isinstance(value, dict):
        given = value if isinstance(value, list) else [value]
        pairs = [one.partition("=") for one in given if isinstance(one, str) and "=" in one]
        words = ", ".join(f"{_bare(name)}: {_bare(text)}" for name, _, text in pairs)
        hint = f": write {{{words}}}" if pairs else ""
        return [f"{where} must be a dictionary of names and values, not {_shown(value)}{hint}"]
    lines = []
    # "labels" alone is the argument of a state.
    prefix = "" if where == "labels" else f"{where}: "
    for name, text in value.items():
        if not _is_text(name):
            empty = isinstance(name, str)
            rule = "must not be empty" if empty else f"must be a string{_quote(name)}"
            lines.append(f"{prefix}label name {_shown(name)} {rule}")
        elif "=" in name:
            key, _, rest = name.partition("=")
            lines.append(
                f"{prefix}label name {_shown(name)} must not have '=': write {_bare(key)}: {_bare(rest)}"
            )
        elif prefix and name.startswith(OWN_LABELS):
            lines.append(
                f"{prefix}label {_shown(name)} is reserved: names with {OWN_LABELS} belong to the states"
            )
        if not isinstance(text, str) and text is not None and not _is_integer(text):
            lines.append(
                f"{prefix}label {_shown(name)} must be a string or integer, not {_shown(text)}{_quote(text)}"
            )
    return lines


def _duration(least="1ns"):
    def slips(where, value):
        number = _nanoseconds(value) if isinstance(value, str) else None
        if number is None:
            hint = ": add a unit" if _is_integer(value) or str(value).isdigit() else ""
            words = f"a duration such as 90d or 1h30m (units {', '.join(UNITS)})"
            return [f"{where} must be {words}, not {_shown(value)}{hint}"]
        if number < _nanoseconds(least):
            return [f"{where} must be at least {least}, not {_shown(value)}"]
        if number > INT64:
            return [f"{where} must be at most 106751d, not {_shown(value)}"]
        return []

    return Kind(f"duration, at least {least}" if least != "1ns" else "duration", slips)


def _nanoseconds(text):
    """Return a duration in nanoseconds; None for a string that is not one."""
    text = text.strip()
    parts = re.findall(rf"(\d{{1,{DIGITS}}})(ms|us|ns|d|h|m|s)", text)
    if not parts or "".join(map("".join, parts)) != text:
        return None
    return sum(int(number) * UNITS[unit] for number, unit in parts)


def _seconds_hint(value):
    """Return what to write for a duration, such as 10m, where seconds are needed."""
    number = _nanoseconds(value) if isinstance(value, str) else None
    if not number or number % UNITS["s"]:
        return ""
    return f": write {number // UNITS['s']}"


def _address(words, port=True, every=False):
    """
    Check an address or interface of a host; ``every``: also the address that means all of them.
    """

    def fits(value):
        if not isinstance(value, str) or not re.fullmatch(r"[^\s/,]+", value):
            return False
        host, colon, number = value.rpartition(":")
        if colon and (":" not in host or host.endswith("]")):
            if not port or not re.fullmatch(r"\d{1,5}", number) or not 0 < int(number) <= 65535:
                return False
        else:
            host = value
        if host.startswith("["):
            host = host[1:-1] if host.endswith("]") else ""
        if re.fullmatch(r"[\d.]+", host) or ":" in host:
            try:
                return every or not ipaddress.ip_address(host.partition("%")[0]).is_unspecified
            except ValueError:
                return False
        return bool(host)

    return _simple(words, fits, _quote)


def _pool(where, value):
    if not isinstance(value, str):
        return [
            f"{where} must be a network such as 10.20.0.0/16, not {_shown(value)}{_quote(value)}"
        ]
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        network = None
    if network is None or "/" not in value:
        return [f"{where} must be a network such as 10.20.0.0/16, not {_shown(value)}"]
    if str(network) != value:
        return [
            f"{where} must be a network, not an address in it: write {network} for {_shown(value)}"
        ]
    return []


def _api_version(where, value):
    if isinstance(value, str) and re.fullmatch(r"1\.\d{1,3}", value):
        return []
    return [f"{where} must be a string such as '1.41', not {_shown(value)}{_quote(value)}"]


def _ids(where, value):
    """Check exact minion ids, each once."""
    lines = _list(MINION, "minion ids").slips(where, value)
    if lines:
        return lines
    for one in dict.fromkeys(value):
        if value.count(one) > 1:
            lines.append(f"{where} names {_shown(one)} twice: remove one")
        if _is_target(one):
            lines.append(f"{where} must be exact minion ids, not the target {_shown(one)}")
        elif _is_pattern(one):
            lines.append(f"{where} must be exact minion ids, not the pattern {_shown(one)}")
    return lines


def _leaving(where, value):
    """Check the hosts that leave: of a pattern or target nobody knows how many hosts it has."""
    given = [value] if isinstance(value, str) else value
    return _list(MINION, "minion ids").slips(where, given) or [
        f"{where} must be exact minion ids or node ids, not {_shown(one)}: name each host"
        for one in given
        if _is_pattern(one) or _is_target(one)
    ]


def _patterns(where, value):
    """Check minion ids and globs over them."""
    lines = _list(MINION, "minion ids or patterns").slips(where, value)
    return lines or [
        f"{where} must be minion ids or globs, not the target {_shown(one)}"
        for one in value
        if _is_target(one)
    ]


def _is_target(text):
    """Return whether this is a target of Salt other than a glob: by grain, nodegroup and so on, or several."""
    return bool(re.match(r"([A-Z]@|!)|.*\s(and|or|not)\s|not\s", text))


def _replaced(where, value):
    """Check old hosts and new ones; a host without a new one would be left out of the run in silence."""
    lines = _each(MINION, "old host to new host", of=MINION).slips(where, value)
    for old, new in value.items() if not lines else ():
        lines += _leaving(where, [one for one in (old, new) if one is not None])
        lines += [f"{where}:{_bare(old)} names no new host"] if new is None else []
    return lines


def _place(where, value):
    lines = _mapping(PLACE).slips(where, value)
    if not lines and len([one for one in value.values() if one]) != 1:
        lines.append(
            f'{where} must be {{"key_file": "/path"}} or {{"key_sdb": "sdb://profile/key"}}'
        )
    return lines


def _canary(where, value):
    lines = _mapping(CANARY).slips(where, value)
    if not lines and not value.get("image"):
        lines.append(f"{where}:image is required: an image with sh and nc, such as busybox")
    return lines


def _source(where, value):
    """Check where credentials are. No value is quoted: it may be a secret in the wrong place."""
    words = f"a dictionary of one of {', '.join(SOURCES)}"
    if value is False:
        return []
    if not isinstance(value, dict):
        return [f"{where} must be {words}, not {type(value).__name__}"]
    if {"username", "password", "auth", "identitytoken", "registrytoken"} & set(value):
        return [
            f"{where} has credentials in clear, which would be in the job cache: put them into pillar or sdb,"
            f" and give the place, as {words}"
        ]
    if len(value) != 1 or not set(value) <= set(SOURCES):
        names = ", ".join(sorted(map(_bare, value))) or "nothing"
        return [f"{where} must be {words}, not of {names}"]
    ((name, place),) = value.items()
    pattern, words = SOURCES[name]
    good = isinstance(place, str) and re.fullmatch(pattern, place)
    return [] if good else [f"{where}: {name} must be {words}"]


# Where the credentials of a registry may be.
SOURCES = {
    "pillar": (r"\S.*", "a pillar key"),
    "sdb": (r"sdb://.+", "a URL that begins with sdb://"),
    "docker_config": (r"/.+", "an absolute path"),
    "helper": (r"[A-Za-z0-9][A-Za-z0-9._-]*", "the NAME of a program docker-credential-NAME"),
}
SOURCE = Kind(f"dictionary of one of {', '.join(SOURCES)}", _source)

MINION = _text("a minion id")
LABELS = Kind("dictionary: name to string or integer", _labels)
FLAG = _simple(
    "True or False",
    lambda value: isinstance(value, bool),
    lambda value: ": remove the quotes" if str(value).lower() in ("true", "false") else "",
)
INIT = _simple("True, False or beside", lambda value: isinstance(value, bool) or value == "beside")
SECONDS = _simple(
    "a number of seconds above 0",
    lambda value: (
        isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e9
    ),
    _seconds_hint,
)
ROLE = _choice("worker", "manager")
AVAILABILITY = _choice("active", "pause", "drain")
HOST = _address("an address or interface, with :port or without")
EVERY_HOST = _address("an address or interface, with :port or without", every=True)
DATA_PATH = _address("an address or interface without port", port=False)
POOLS = _list(Kind("a network", _pool), "networks such as 10.20.0.0/16")
PATH = _text("an absolute path", r"/.+")
SECRET_PATH = _place_of_secret("an absolute path", r"/.+")
SDB = _place_of_secret("a URL that begins with sdb://", r"sdb://.+")
PLACE = {
    "key_file": Key(
        SECRET_PATH,
        "Path on the first manager; its owner alone may read the file.",
        example="/root/swarm.key",
    ),
    "key_sdb": Key(SDB, "URL of an sdb profile.", example="sdb://vault/swarm_unlock"),
}


def _variables(where, value):
    """Check variables of compose files. No value is quoted: it may be a secret."""
    if not isinstance(value, dict):
        return [f"{where} must be a dictionary of variables, not {type(value).__name__}"]
    lines = []
    for name, text in value.items():
        if not isinstance(name, str) or not re.fullmatch(VARIABLE, name):
            lines.append(f"{where}: {_shown(name)} is not the name of a variable{_quote(name)}")
        elif text is not None and not isinstance(text, str) and not _is_integer(text):
            lines.append(f"{where}:{name} must be a string or integer: quote it in YAML")
    return lines


def _pillar_variables(where, value):
    if isinstance(value, dict):
        return _each(_text("a pillar key"), "variable to pillar key").slips(where, value)
    return _one_or_list(_list(_text(), "pillar keys"), "pillar key").slips(where, value)


def _file_place(where, value):
    """Check where a file is that a compose file names. No value is quoted: it may be its content."""
    if isinstance(value, dict) and set(value) == {"pillar"} and _is_text(value["pillar"]):
        return []
    if isinstance(value, str) and re.fullmatch(r"(salt://|sdb://|/).+", value):
        return []
    return [f"{where} must be a salt:// URL, an absolute path, an sdb:// URL or {{pillar: key}}"]


# As the engine takes a network's name, which begins with it.
NAME = r"[A-Za-z0-9][A-Za-z0-9_-]*"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
FILES = _one_or_list(
    _list(
        _text("a salt:// URL or an absolute path", r"(salt://|/).+"),
        "salt:// URLs and absolute paths",
    ),
    "one",
)

# A secret: no error shows it.
HIDDEN = Kind(
    "a string",
    lambda where, value: [] if _is_text(value) else [f"{where} must be a string: quote it in YAML"],
)
QUOTED = _simple("a string: quote it in YAML", lambda value: isinstance(value, str) and value != "")
MARK = _simple("a string or integer", lambda value: _is_text(value) or _is_integer(value), _quote)


# --- the schema -----------------------------------------------------------------------------------

AUTHORITY = {
    "protocol": Key(_text(), "`cfssl`, the only protocol that engines have.", example="cfssl"),
    "url": Key(_text(), "Address of the authority.", example="https://ca.example:8888/sign"),
    "options": Key(_each(_text(), "name to string"), "Options of the protocol.", example={}),
    "ca_cert": Key(_text(), "Its root certificate in PEM, which is not a secret."),
}

# The settings of the state swarm.cluster.
CLUSTER = {
    "labels": Key(
        LABELS,
        "Merged into the labels of the cluster; null removes a label.",
        example={"site": "north"},
    ),
    "labels_exact": Key(FLAG, "True: the cluster has no other labels than these.", "False"),
    "task_history_retention_limit": Key(_integer(), "Finished tasks kept for each slot.", "5"),
    "snapshot_interval": Key(_integer(1), "Log entries between two raft snapshots.", "10000"),
    "keep_old_snapshots": Key(_integer(), "Raft snapshots kept beside the newest.", "0"),
    "log_entries_for_slow_followers": Key(
        _integer(), "Log entries kept for managers that lag.", "500"
    ),
    "heartbeat_tick": Key(_integer(1), "Seconds between two heartbeats of the leader.", "1"),
    "election_tick": Key(
        _integer(2), "Seconds without heartbeat until an election; more than heartbeat_tick.", "10"
    ),
    "heartbeat_period": Key(
        _duration("1s"), "How often a node reports to the managers.", "5s", example="5s"
    ),
    "node_cert_expiry": Key(
        _duration("1h"),
        "Life of a node's certificate; a node renews its own before the end.",
        "90d",
        example="90d",
    ),
    "external_cas": Key(
        _list(_mapping(AUTHORITY), "dictionaries: " + ", ".join(AUTHORITY)),
        "Authorities that sign instead of the cluster; replaces the cluster's list.",
    ),
}

NODE = {
    "labels": Key(LABELS, "Merged into the labels of the node; null removes a label."),
    "availability": Key(
        AVAILABILITY, "Left as it is unless given; a worker becomes active with its first labels."
    ),
}

TLS = {
    "ca": Key(PATH, "Path on the minion: CA bundle to trust.", "the system's"),
    "cert": Key(PATH, "Path on the minion: this client's certificate."),
    "key": Key(PATH, "Path on the minion: the certificate's private key."),
    "verify": Key(FLAG, "False: do not verify the engine's certificate.", "True"),
}

# How a minion reaches its engine; also in the minion's configuration.
ENGINE = {
    "url": Key(
        _text(
            "an address such as unix:///var/run/docker.sock or tcp://host:2376",
            r"(unix|tcp|https?)://\S+",
        ),
        "Address of the engine.",
        "unix:///var/run/docker.sock",
    ),
    "timeout": Key(SECONDS, "Seconds for one request.", "one for each call"),
    "api_version": Key(
        Kind("string such as '1.41'", _api_version),
        "API version to use.",
        "the highest that both know",
    ),
    "tls": Key(_mapping(TLS), "TLS for a tcp:// address; needs the wheel."),
}

# A stack of pillar; but for after also the arguments of the state swarm.stack.
STACK = {
    "source": Key(
        FILES,
        "Its compose files in order; a later one is merged over those before it.",
        example=["salt://shop/compose.yml"],
    ),
    "contents": Key(
        _simple("a string with a compose file", _is_text), "A compose file as text, merged last."
    ),
    "compose": Key(
        _simple("a mapping with services", lambda value: isinstance(value, dict)),
        "A compose file as data, merged over `contents`.",
    ),
    "env": Key(
        Kind("dictionary: variable to string or integer", _variables),
        "Variables that the files use.",
        example={"TAG": "1.4"},
    ),
    "env_files": Key(FILES, "Files of variables; `env` and `pillar_env` go before them."),
    "pillar_env": Key(
        Kind(
            "pillar key or list of them, or dictionary: variable to pillar key", _pillar_variables
        ),
        "Variables from other keys of pillar: keys of dictionaries, or a key for each variable.",
    ),
    "os_env": Key(FLAG, "True: the variables of the minion's process, too.", "False"),
    "files": Key(
        _each(
            Kind("a salt:// URL, absolute path, sdb:// URL or {pillar: key}", _file_place),
            "file to place",
        ),
        "Where files are that the compose files name.",
        "beside the first source",
        {"./tls.key": {"pillar": "shop:tls_key"}},
    ),
    "base_dir": Key(
        _text("an absolute path", r"/.*"),
        "Folder on the nodes for relative sources of bind mounts.",
    ),
    "home": Key(_text("an absolute path", r"/.*"), "What `~` stands for in them."),
    "prune": Key(
        FLAG, "False: keep what an earlier revision declared and this one does not.", "True"
    ),
    "rollback": Key(FLAG, "False: keep what was done when a service fails.", "True"),
    "correct": Key(FLAG, "False: report what somebody changed in the swarm, and leave it.", "True"),
    "retry_rolled_back": Key(FLAG, "True: send also a spec that swarm rolled back.", "False"),
    "show_env": Key(FLAG, "True: show values of environment variables in changes.", "False"),
    "resolve_image": Key(
        _choice("changed", "always", "never"),
        "When the digest of an image is looked up.",
        "changed",
    ),
    "registry_auth": Key(SOURCE, "Where credentials of its registries are.", "swarm:registries"),
    "wait": Key(FLAG, "False: do not wait for tasks.", "True"),
    "timeout": Key(SECONDS, "Seconds for each wave of services.", "300"),
    "hash_names": Key(
        FLAG, "False: secrets and configs have no hash in their names, and cannot change.", "True"
    ),
    "replace": Key(
        FLAG, "True: make networks again that differ, and services whose mode changes.", "False"
    ),
    "keep": Key(
        _integer(0, 1000), "Secrets and configs that the last so many revisions name stay.", "3"
    ),
    "history": Key(_integer(1, 100), "Revisions that are kept.", "10"),
    "after": Key(
        _list(_text("the name of a stack", NAME), "names of stacks"),
        "Stacks that docker.deploy deploys before this one; where one fails, this one stays as it is.",
    ),
}

# The checks of a preflight; swarm_preflight_rules has what they mean.
CHECKS = (
    "address-local",
    "address-route",
    "address-twice",
    "port-2377",
    "ports-free",
    "engine-id",
    "orphan-data",
    "live-restore",
    "daemon-json",
    "modules",
    "virtual-ips",
    "pools",
    "mtu",
    "clock",
    "disk",
    "versions",
    "managers-even",
    "zones",
    "firewall",
    "package",
    "socket-clients",
)


def _check(where, value):
    name = value.partition(":")[0] if isinstance(value, str) else ""
    if name in CHECKS:
        return []
    hint = _near(name, CHECKS) or f" (valid: {', '.join(CHECKS)})"
    return [f"{where} must be a check or check:host, not {_shown(value)}{hint}"]


PREFLIGHT = {
    "ignore": Key(
        _list(Kind("a check", _check), "checks, or check:host"),
        "Checks whose errors become warnings, and whose warnings are not told.",
        example=["clock", "mtu"],
    ),
}

# How nodes are emptied.
DRAIN = {
    "graceful": Key(
        FLAG, "False: docker.remove and docker.replace stop tasks before others run.", "True"
    ),
    "deadline": Key(SECONDS, "Seconds to empty one node.", "600"),
    "fallback": Key(
        _choice("stop", "drain"),
        "When they are over: stop goes back to what was before, drain stops the tasks that are left.",
        "stop",
    ),
    "allow": Key(
        _list(_text("a service's name"), "names of services"),
        "Services whose tasks may be stopped.",
        example=["db"],
    ),
}


def _time_hint(value):
    """YAML reads 12:30 without quotes as a number of minutes."""
    if _is_integer(value) and 0 <= value < 24 * 60:
        return f": quote it in YAML, '{value // 60:02}:{value % 60:02}'"
    short = isinstance(value, str) and re.fullmatch(r"\d:[0-5]\d", value)
    return f": write '0{value}'" if short else ""


TIME = _simple(
    "a time such as '02:00'",
    lambda value: isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value),
    _time_hint,
)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# When docker.upgrade and docker.reboot may begin with a host.
WINDOW = {
    "days": Key(
        _list(_choice(*DAYS), "days such as sat"),
        "Days on which the window opens.",
        "every day",
        ["sat"],
    ),
    "from": Key(TIME, "When it opens.", example="'02:00'"),
    "to": Key(TIME, "When it closes; on the next day if that is earlier.", example="'05:00'"),
    "tz": Key(
        _text("a time zone such as Europe/Rome", r"[A-Za-z][\w+-]*(/[\w+-]+)*"),
        "Time zone of both.",
        "the master's",
        "Europe/Rome",
    ),
}
# How docker.upgrade goes.
CANARY = {
    "image": Key(_text(), "An image with sh and nc; required.", example="busybox:1.37"),
    "command": Key(
        _one_or_list(_list(_text(), "strings"), "a string"),
        "What the task runs instead of a connection to $PEER, port $PORT.",
    ),
}
UPGRADE = {
    "confirm": Key(FLAG, "False: without the hash of a plan that was looked at before.", "True"),
    "batch": Key(
        _simple(
            "an integer of at least 1 or a percentage such as 20%",
            lambda value: (
                (_is_integer(value) and value >= 1)
                or (isinstance(value, str) and re.fullmatch(r"[1-9]\d?%|100%", value))
            ),
        ),
        "How many workers at once; the first is always alone.",
        "1",
    ),
    "zone": Key(_text(), "Node label: hosts of one value are never in the same batch.", "zone"),
    "snapshot": Key(
        _text("the name of an SLS", r"[\w./-]+"),
        "SLS that is applied on one manager before the first host is emptied.",
        example="site.swarm_backup",
    ),
    "canary": Key(
        Kind("dictionary", _canary, CANARY), "A task that tries each host before it is used again."
    ),
}
REBOOT = {
    **UPGRADE,
    "when": Key(
        _simple(
            "always, required or an absolute path",
            lambda value: (
                isinstance(value, str)
                and (value in ("always", "required") or re.fullmatch(r"/.+", value))
            ),
        ),
        "Which hosts: all, those that need it, or those where this file is newer than the boot.",
        "required",
    ),
    "timeout": Key(SECONDS, "Seconds for a host to come back.", "600"),
}

# What stacks may use.
POLICY = {
    "images": Key(
        _list(_text(), "registries, folders or repositories"),
        "Images that stacks may use: registries, folders in them, repositories.",
        example=["registry.example.com", "docker.io/library/nginx"],
    ),
    "image_digest": Key(FLAG, "True: each image must have a digest.", "False"),
    "image_tag": Key(
        FLAG, "True: each image must have a digest, or a tag other than latest.", "False"
    ),
    "host_paths": Key(
        _list(_text("an absolute path", r"/.*"), "absolute paths"),
        "Paths of nodes that stacks may mount, with all below; docker's socket only by itself.",
        example=["/srv/data"],
    ),
    "capabilities": Key(
        _list(_text(), "capabilities"), "Capabilities that stacks may add.", example=["NET_ADMIN"]
    ),
    "host_network": Key(FLAG, "False: no service may be in the network of the host.", "True"),
    "ports": Key(
        _list(
            _text("a port or a range such as 8000-8999", r"\d{1,5}(-\d{1,5})?"),
            "ports and ranges as strings",
        ),
        "Ports that stacks may publish.",
        example=["80", "8000-8999"],
    ),
    "files": Key(
        _list(_text("an absolute path", r"/.*"), "absolute paths"),
        "Paths of the manager whose files compose files may name, with all below.",
        example=["/srv/stacks"],
    ),
}

SWARM = {
    "managers": Key(
        Kind("list of exact minion ids", _ids),
        "The managers; an odd number. Only the first one ever creates a swarm.",
    ),
    "workers": Key(
        Kind("list of minion ids or patterns", _patterns),
        "The workers. Patterns match minion ids with an accepted key.",
    ),
    "advertise": Key(
        HOST, "Address by which the other hosts reach this host.", "the engine's choice", "eth0"
    ),
    "listen": Key(EVERY_HOST, "Listen address of managers.", "0.0.0.0:2377"),
    "data_path": Key(
        DATA_PATH, "Address or interface of overlay traffic; fixed for life.", "advertise"
    ),
    "data_path_port": Key(
        _integer(1024, 49151), "UDP port of overlay traffic; fixed for life.", "4789"
    ),
    "address_pool": Key(POOLS, "Networks of overlay networks; fixed for life.", "10.0.0.0/8"),
    "subnet_size": Key(
        _integer(1, 29), "Mask length of each overlay network; fixed for life.", "24"
    ),
    "nodes": Key(
        _each(_mapping(NODE), "minion id or pattern to settings of its node"),
        "All patterns that match add up in their order; the exact id comes last.",
    ),
    "cluster": Key(_mapping(CLUSTER), "Settings of the cluster; those not given stay as they are."),
    "prune": Key(
        _integer(), "How many nodes that pillar does not name a bootstrap may remove, at most.", "0"
    ),
    "init_without": Key(
        Kind("list of exact minion ids", _ids), "Managers that are dead for good, as you confirm."
    ),
    "init": Key(
        INIT,
        "True: confirm that docker.manager.first, applied by hand, may create a swarm. beside: create a second"
        " swarm on purpose, although managers of another one answer.",
        "False",
    ),
    "registries": Key(
        _each(SOURCE, "registry host to the place of its credentials"),
        "Credentials for private registries, unless a service has `registry_auth` of its own.",
        example={"registry.example.com:5000": {"pillar": "registry:robot"}},
    ),
    "stacks": Key(
        _each(
            _mapping(STACK),
            "name of a stack to its files and options",
            of=_text("a name of letters, digits, - and _", NAME),
        ),
        "The stacks that docker.deploy deploys, in this order.",
    ),
    "preflight": Key(
        _mapping(PREFLIGHT), "What docker.bootstrap and docker.upgrade check before a change."
    ),
    "drain": Key(_mapping(DRAIN), "How a node is emptied."),
    "upgrade": Key(_mapping(UPGRADE), "How docker.upgrade goes."),
    "reboot": Key(_mapping(REBOOT), "How docker.reboot goes."),
    "window": Key(_mapping(WINDOW), "When docker.upgrade and docker.reboot may begin with a host."),
    "blockers": Key(
        _list(_text("a service's name"), "names of services"),
        "Services during whose updates docker.upgrade and docker.reboot begin with no host.",
        example=["db"],
    ),
    "unlock": Key(
        Kind("dictionary", _place, PLACE),
        "Where a manager finds the unlock key when docker.upgrade or docker.reboot restarts it.",
    ),
    "policy": Key(_mapping(POLICY), "What stacks may use; what is not given is not restricted."),
    "hash_key": Key(
        HIDDEN,
        "Key of the hashes in the names of secrets and configs (swarm.secret); an sdb URL works too."
        " Another key makes a new version of each secret.",
        "the cluster's id",
        "sdb://vault/swarm_hash_key",
    ),
    **ENGINE,
}

REPOSITORY = {
    "humanname": Key(_text(), "Name of the repository.", "Docker"),
    "baseurl": Key(_text("a URL", r"[a-z]+://\S+"), "Debian: the address; RedHat: its baseurl."),
    "gpgkey": Key(
        _text("a URL", r"[a-z]+://\S+"), "Key that signs the repository; salt:// works too."
    ),
    "dist": Key(_text(), "Debian: distribution.", "the host's code name"),
    "comps": Key(
        _one_or_list(_list(_text(), "components"), "components"), "Debian: components.", "stable"
    ),
}

PACKAGE = {
    "name": Key(_text(), "Package name: docker-ce, or docker.io of Debian.", "docker-ce"),
    "version": Key(
        _simple("a string", lambda value: isinstance(value, str), _quote),
        "Package version, or a glob such as 5:28.5*; empty: what the repository has.",
    ),
}

# What the orchestrations take on the command line.
ASKED = {
    "swarm_hosts": Key(
        Kind("list of minion ids, or minion id", _leaving),
        "docker.remove: the hosts that leave.",
    ),
    "swarm_replace": Key(
        Kind("dictionary: old host to new host", _replaced),
        "docker.replace: the old host and the new one.",
    ),
    "swarm_recover": Key(MINION, "docker.recover: the manager that continues."),
    "swarm_confirm": Key(_text("a node id"), "docker.recover: the node id to confirm."),
    "swarm_teardown": Key(
        _text("a cluster id"), "docker.teardown: the id of the cluster that ends."
    ),
    "swarm_rotate": Key(
        _one_or_list(
            _list(
                _choice("ca", "worker", "manager", "unlock_key"), "ca, worker, manager, unlock_key"
            ),
            "one",
        ),
        "docker.rotate: what to rotate.",
    ),
    "swarm_rotate_key": Key(MARK, "docker.rotate: any text; each secret is rotated once for it."),
    "swarm_stacks": Key(
        _one_or_list(_list(_text(), "names of stacks"), "name"),
        "docker.deploy: only these stacks.",
    ),
    "swarm_plan": Key(
        _text("the hash of a plan", r"[0-9a-f]{12}"),
        "docker.upgrade, docker.reboot: the plan to carry out.",
    ),
    "swarm_ignore": Key(
        _one_or_list(_list(_text("a name"), "names of faults"), "name"),
        "docker.bootstrap, docker.replace, docker.upgrade, docker.reboot: faults that do not count.",
    ),
    "swarm_stop": Key(
        _one_or_list(_list(_text("a service's name"), "names of services"), "name"),
        "docker.upgrade, docker.reboot: services whose tasks may be stopped.",
    ),
    "swarm_force": Key(
        _one_or_list(_list(_choice("downgrade", "reboot"), "downgrade, reboot"), "one"),
        "docker.upgrade: downgrade. docker.reboot: reboot, also hosts that need none.",
    ),
    "swarm_unlock_key": Key(
        Kind("dictionary", _place, PLACE), "docker.rotate: where to keep the unlock key."
    ),
}

# What each orchestration takes of these.
ROLLED = ("swarm_plan", "swarm_ignore", "swarm_stop", "swarm_force")
TAKES = {
    "docker.bootstrap": ("swarm_ignore",),
    "docker.remove": ("swarm_hosts",),
    "docker.replace": ("swarm_replace", "swarm_ignore"),
    "docker.rotate": ("swarm_rotate", "swarm_rotate_key", "swarm_unlock_key"),
    "docker.teardown": ("swarm_teardown",),
    "docker.recover": ("swarm_recover", "swarm_confirm"),
    "docker.deploy": ("swarm_stacks",),
    "docker.upgrade": ROLLED,
    "docker.reboot": ROLLED,
}

PILLAR = {
    "swarm": Key(_mapping(SWARM), ""),
    **ASKED,
}

# Arguments of the states and functions, by name, with the settings of the cluster and of a stack.
ARGUMENTS = {
    **CLUSTER,
    **STACK,
    "role": Key(ROLE, ""),
    "availability": Key(AVAILABILITY, ""),
    "advertise_addr": SWARM["advertise"],
    "listen_addr": SWARM["listen"],
    "data_path_addr": SWARM["data_path"],
    "data_path_port": SWARM["data_path_port"],
    "default_addr_pool": SWARM["address_pool"],
    "subnet_size": SWARM["subnet_size"],
    "remote_addrs": Key(_one_or_list(_list(HOST, "addresses"), "address"), ""),
    "token_file": Key(SECRET_PATH, ""),
    "token_pillar": Key(_text("a pillar key"), ""),
    "token_sdb": Key(SDB, ""),
    "cert_file": Key(SECRET_PATH, ""),
    "cert_pillar": Key(_text("a pillar key"), ""),
    "cert_sdb": Key(SDB, ""),
    "key_file": Key(SECRET_PATH, ""),
    "key_pillar": Key(_text("a pillar key"), ""),
    "key_sdb": Key(SDB, ""),
    "key": Key(MARK, ""),
    "older_than": Key(_duration(), ""),
    "init": Key(INIT, ""),
    "nodes": Key(_list(_text("a node id or host name"), "node ids or host names"), ""),
    "hosts": Key(_list(MINION, "minion ids"), ""),
    "host": Key(_text("the minion id of one manager"), ""),
    "confirm": ASKED["swarm_confirm"],
    "cluster": ASKED["swarm_teardown"],
    "replaced": ASKED["swarm_replace"],
    "limit": Key(_integer(1), ""),
    **dict.fromkeys(("adopt", "drain", "enable", "force", "move_stacks", "plan"), Key(FLAG, "")),
    **dict.fromkeys(("retry_refused", "test", "versioned"), Key(FLAG, "")),
    "runs_on": Key(_choice("leader", "any"), ""),
    "strict": Key(FLAG, ""),
    "force_update": Key(QUOTED, ""),
    "job_trigger": Key(QUOTED, ""),
    "spec_patch": Key(_simple("a mapping", lambda value: isinstance(value, dict)), ""),
    "stack": Key(QUOTED, ""),
    "to": Key(_integer(1), ""),
    "retry": Key(FLAG, ""),
    "retry_rolled_back": Key(FLAG, ""),
    "each": Key(FLAG, ""),
    "checks": Key(_list(_text("a check's name"), "names of checks"), ""),
    "ignore": Key(_list(_text("a check's name"), "names of checks, or name:object"), ""),
    "stable": Key(SECONDS, ""),
    "deadline": DRAIN["deadline"],
    "fallback": DRAIN["fallback"],
    "allow": DRAIN["allow"],
    "reason": Key(_text(), ""),
    "margin": Key(_integer(0, 100), ""),
    "template_driver": Key(_simple("golang", lambda value: value == "golang"), ""),
}


# --- checks of pillar -----------------------------------------------------------------------------


def check(pillar=None, accepted=None, leaving=()):
    """
    Return everything that is wrong in pillar.

    pillar
        The whole pillar; this minion's own unless given.
    accepted
        The minion ids with an accepted key that pillar ``swarm:managers`` and ``swarm:workers`` name; where
        they are known, each host that pillar names must be one of them.
    leaving
        Hosts that an orchestration takes out; their keys and their settings may be missing or left.

    Returns ``refusals`` and ``warnings``, two lists of lines, and ``malformed``: whether a refusal is for
    more than hosts that are missing.

    CLI Example:

    .. code-block:: bash

        salt '*' swarm_schema.check
    """
    pillar = __pillar__ if pillar is None else pillar
    lines = []
    for name, key in PILLAR.items():
        if pillar.get(name) is not None:
            lines += key.kind.slips(f"pillar {name}", pillar[name])
    lines += _repositories(pillar.get("repositories"))
    known = [*PILLAR, "swarm_run"]
    for name in pillar:
        # Other keys of pillar belong to others.
        if str(name).startswith("swarm_") and name not in known and _near(name, known, 0.85):
            lines.append(_unknown("key", name, known, " in pillar"))
    swarm = _dict(pillar.get("swarm"))
    lines += _together(swarm)
    hosts = [host for host in ids(swarm, "managers") if host not in ids(swarm, "init_without")]
    warnings = _even(ids(swarm, "managers"))
    malformed = bool(lines)
    if accepted is not None:
        lines += _without_key(swarm, hosts, accepted, leaving)
        lines += _nodes_of_nobody(swarm, {*accepted, *ids(swarm, "managers"), *leaving})
        warnings += _patterns_of_nobody(swarm, accepted)
    dead = [host for host in ids(swarm, "init_without") if host not in ids(swarm, "managers")]
    warnings += [
        f"pillar swarm:init_without names {_bare(host)}, which is not in swarm:managers"
        f"{_near(host, ids(swarm, 'managers'))}"
        for host in dead
    ]
    return {"refusals": lines, "warnings": warnings, "malformed": malformed}


def _dict(value):
    return value if isinstance(value, dict) else {}


def ids(swarm, key):
    """
    Return the strings of one list of pillar ``swarm``; none if it is not a list.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_schema.ids '{managers: [manager1]}' managers
    """
    value = _dict(swarm).get(key)
    return [one for one in value if _is_text(one)] if isinstance(value, (list, tuple)) else []


def _repositories(value):
    """
    Check docker's entries only: other repositories and packages below these keys belong to others.
    """
    if value is None:
        return []
    if not isinstance(value, dict):
        return [f"pillar repositories must be a dictionary, not {_shown(value)}"]
    lines = []
    for group, name, keys in (("repos", "docker", REPOSITORY), ("pkgs", "docker-engine", PACKAGE)):
        lines += _misspelt(group, value, " under repositories")
        below = value.get(group)
        if isinstance(below, dict):
            lines += _misspelt(name, below, f" under repositories:{group}", 0.95)
        where = f"pillar repositories:{group}"
        if below is not None and not isinstance(below, dict):
            lines.append(f"{where} must be a dictionary, not {_shown(below)}")
        elif below and below.get(name) is not None:
            lines += _mapping(keys).slips(f"{where}:{name}", below[name])
    found = _dict(_dict(value.get("repos")).get("docker"))
    missing = [key for key in ("baseurl", "gpgkey") if found and not found.get(key)]
    return lines + [f"pillar repositories:repos:docker:{key} is missing" for key in missing]


def _misspelt(key, found, under, cutoff=0.85):
    """Return a slip if a key is missing and another one is all but the same; others may be anybody's."""
    for name in found if key not in found else ():
        plain = re.sub(r"[\W_]", "", str(name)).lower()
        if _near(plain, [re.sub(r"[\W_]", "", key)], cutoff):
            return [_unknown("key", name, [key], under)]
    return []


def _together(swarm):
    """Check values that depend on each other."""
    lines = []
    for host in ids(swarm, "managers"):
        if host in ids(swarm, "workers"):
            lines.append(
                f"{_bare(host)} is in both pillar swarm:managers and swarm:workers: remove it from one"
            )
    lines += _settings("pillar swarm:cluster:", _dict(swarm.get("cluster")))
    lines += _stacks(_dict(swarm.get("stacks")))
    lines += _window(_dict(swarm.get("window")), _dict(swarm.get("drain")).get("deadline"))
    return lines + _masks("pillar swarm:", swarm.get("address_pool"), swarm.get("subnet_size"))


def _window(window, deadline):
    """Check that a host can begin in the window: none does in the last seconds of it that one may take."""
    where = "pillar swarm:window"
    if not window:
        return []
    times = [window.get("from"), window.get("to")]
    lines = [
        f"{where}:{key} is missing: write a time such as '02:00'"
        for key in ("from", "to")
        if window.get(key) is None
    ]
    if lines or any(TIME.slips(where, time) for time in times):
        return lines
    begin, end = (int(time[:2]) * 60 + int(time[3:]) for time in times)
    seconds = ((end - begin) % (24 * 60) or 24 * 60) * 60
    deadline = 600 if deadline is None or SECONDS.slips(where, deadline) else deadline
    if seconds > deadline:
        return []
    return [
        f"{where} is {seconds} s long, and swarm:drain:deadline is {deadline} s: no host would ever begin;"
        " make the window longer"
    ]


def _stacks(stacks):
    """Check that each stack has a file, and that there is an order in which all of them can go."""
    lines = []
    for name, stack in stacks.items():
        where = f"pillar swarm:stacks:{_bare(name)}"
        if stack is not None and not isinstance(stack, dict):
            continue
        stack = _dict(stack)
        if not any(stack.get(key) for key in ("source", "contents", "compose")):
            lines.append(f"{where} has no compose file: give source, contents or compose")
        lines += [
            f"{where}:after names {_bare(other)}, which is not in swarm:stacks{_near(other, stacks)}"
            for other in ids(stack, "after")
            if other not in stacks
        ]
    if not lines:
        order = in_order(stacks)
        left = [_bare(name) for name in stacks if name not in order]
        lines += [f"pillar swarm:stacks: after makes a circle of {', '.join(left)}"] if left else []
    return lines


def in_order(stacks):
    """
    Return the names of the stacks of pillar, each behind those that it comes after; without those
    that are in a circle.

    stacks
        Pillar ``swarm:stacks``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_schema.in_order '{web: {after: [db]}, db: {}}'
    """
    left, found = dict(stacks or {}), []
    while left:
        ready = [
            name
            for name, stack in left.items()
            if all(other in found for other in ids(stack, "after"))
        ]
        if not ready:
            break
        found.append(ready[0])
        del left[ready[0]]
    return found


def _settings(where, settings):
    heartbeat, election = settings.get("heartbeat_tick"), settings.get("election_tick")
    lines = []
    if _is_integer(heartbeat) and _is_integer(election) and election <= heartbeat:
        lines.append(
            f"{where}election_tick must be more than heartbeat_tick, {heartbeat}, not {election}"
        )
    if settings.get("labels_exact") is True and settings.get("labels") is None:
        lines.append(f"{where}labels_exact requires labels; with {{}} all of them are removed")
    return lines


def _masks(where, pools, size):
    """Check that a pool is not smaller than the networks to be cut from it (moby refuses that)."""
    size = SUBNET_SIZE if size is None else size
    if not _is_integer(size) or not isinstance(pools, (list, tuple)):
        return []
    nets = [
        ipaddress.ip_network(pool)
        for pool in pools
        if isinstance(pool, str) and not _pool("", pool)
    ]
    lines = [
        f"{where}subnet_size must be at least {net.prefixlen}, the mask of {net}, not {size}"
        for net in nets
        if size < net.prefixlen
    ]
    for place, net in enumerate(nets):
        for other in nets[:place]:
            if net.version == other.version and net.overlaps(other):
                lines.append(f"{where}address_pool: {other} and {net} overlap: remove one")
    return lines


def _nobody(pillar, master):
    """Return why a run has no manager, and what to write."""
    swarm = _dict(pillar.get("swarm"))
    if ids(swarm, "managers"):
        return (
            "pillar swarm:init_without names all of swarm:managers as dead: name a living one in"
            " swarm:managers"
        )
    if swarm:
        return "pillar swarm:managers names no manager: list at least one minion id there"
    for line in _misspelt("swarm", pillar, " in pillar"):
        return line
    return (
        f"pillar swarm:managers names no manager for {master}: assign the swarm pillar to the"
        " master's own id too (pillar top file, '*')"
    )


def _even(managers):
    if not managers or len(managers) % 2:
        return []
    return [
        f"pillar swarm:managers names {len(managers)} managers: an even number survives no more failures"
        f" than {len(managers) - 1} would; use an odd number"
    ]


def _without_key(swarm, managers, accepted, leaving):
    named = [*managers, *(one for one in ids(swarm, "workers") if one not in leaving)]
    missing = [
        one
        for one in dict.fromkeys(named)
        if one not in accepted and not _is_pattern(one) and not _is_target(one)
    ]
    if not missing:
        return []
    near = _near(missing[0], accepted) if len(missing) == 1 else ""
    lines = [
        f"{_shown(one)} in pillar swarm:managers or swarm:workers is one name: write"
        f" [{', '.join(_names(one))}]"
        for one in missing
        if len(_names(one)) > 1 and set(_names(one)) <= set(accepted)
    ]
    if lines:
        return lines
    return [
        f"no accepted key on this master for {', '.join(map(_bare, missing))}{near}: accept it (salt-key -a), or correct"
        " pillar swarm:managers and swarm:workers"
    ]


def _nodes_of_nobody(swarm, hosts):
    return [
        f"pillar swarm:nodes {_shown(glob)} matches no host{_near(glob, hosts)}: correct or remove it"
        for glob in _dict(swarm.get("nodes"))
        if _is_text(glob) and not fnmatch.filter(hosts, glob) and glob not in hosts
    ]


def _patterns_of_nobody(swarm, accepted):
    return [
        f"pillar swarm:workers {_shown(pattern)} matches no minion with an accepted key"
        for pattern in ids(swarm, "workers")
        if _is_pattern(pattern) and not fnmatch.filter(accepted, pattern)
    ]


def refuse(swarm=None):
    """
    Raise all mistakes in pillar as one error; do nothing if there are none.

    swarm
        Pillar ``swarm``; this minion's own pillar unless given.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_schema.refuse
    """
    pillar = __pillar__ if swarm is None else {"swarm": swarm}
    # A job asks for each of thousands of hosts.
    if pillar.get("swarm") is not None and __context__.get("swarm_schema.right") is pillar["swarm"]:
        return
    lines = check(pillar)["refusals"]
    if lines:
        raise SaltInvocationError("; ".join(lines))
    __context__["swarm_schema.right"] = pillar.get("swarm")


# --- checks of arguments --------------------------------------------------------------------------


def require(more=None, **given):
    """
    Raise all mistakes in the arguments of a state or function as one error.

    more
        The arguments that the function does not know, such as ``**kwargs`` of a state. What Salt itself adds
        is not a slip.

    Other arguments are those that are given; ``None`` means one that is not.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_schema.require role=worker
    """
    lines = [_unknown("argument", name, given) for name in more or () if not of_salt(name)]
    for name, value in given.items():
        if value is not None and name in ARGUMENTS:
            lines += ARGUMENTS[name].kind.slips(name, value)
    lines += _settings("", given)
    lines += _masks("", given.get("default_addr_pool"), given.get("subnet_size"))
    if lines:
        raise SaltInvocationError("; ".join(lines))


def of_salt(name=None):
    """
    Return whether Salt itself adds this argument to those of a state or function. It filters the
    requisites of a state; other callers may not.

    name
        The argument's name.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_schema.of_salt require
    """
    import salt.state  # pylint: disable=import-outside-toplevel

    name = str(name)
    return name in OF_SALT or name.startswith("__") or name in salt.state.STATE_INTERNAL_KEYWORDS


def engine(settings):
    """
    Raise the mistakes in how a minion reaches its engine: ``url``, ``timeout``, ``api_version``,
    ``tls``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_schema.engine '{timeout: 30}'
    """
    lines = _mapping(ENGINE).slips("swarm", settings)
    if lines:
        raise SaltInvocationError("; ".join(lines))


# --- durations ------------------------------------------------------------------------------------


def nanoseconds(duration=None):
    """
    Return a duration in nanoseconds, as the engine has it; an integer is in nanoseconds.

    duration
        Such as ``90d`` or ``1m30s``.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_schema.nanoseconds 90d
    """
    text = str(duration).strip()
    if re.fullmatch(rf"\d{{1,{DIGITS}}}", text) and not isinstance(duration, bool):
        return int(text)
    number = _nanoseconds(text)
    if number is None:
        raise SaltInvocationError(
            f"a duration must be a string such as 90d or 1m30s, not {_shown(duration)}"
        )
    return number


def duration(number):
    """
    Return nanoseconds as the shortest string.

    CLI Example:

    .. code-block:: bash

        salt manager1 swarm_schema.duration 5000000000
    """
    text = ""
    for unit, size in UNITS.items():
        count, number = divmod(number, size)
        if count:
            text += f"{count}{unit}"
    return text or "0s"


# --- for the orchestrations -----------------------------------------------------------------------


def run():
    """
    Return the pillar of a run, checked, with the accepted keys of its hosts; only for Salt's ``py``
    renderer on the master. The caller gives ``given``, the pillar, and ``whole=True`` where it may
    hold an override from the command line, which the orchestration ``what`` may not take.

    Returns ``refusals``, ``warnings`` and ``malformed`` as :py:func:`check`, ``swarm``, ``managers`` and ``workers``
    (``{minion id: accepted key}``), ``without``, ``hosts`` (that leave), ``replaced`` and ``reached`` (of
    ``hosts`` those with an accepted key), ``preflight`` (the checks that pillar ignores), ``planned`` (what
    checks need of pillar), and ``nobody`` (why there is no manager; empty if there is one).

    CLI Example:

    .. code-block:: bash

        salt-run salt.cmd slsutil.renderer salt://_modules/swarm_schema.py default_renderer=py given='{}'
    """
    context = globals()
    # The renderer leaves this module in sys.modules, with Salt's loaders in it; freed only at the end of
    # salt-run, these print a traceback.
    sys.modules.pop(__name__, None)
    if "given" not in context:
        raise SaltInvocationError("swarm_schema.run is for the renderer of docker/run.jinja alone")
    pillar = context["given"]
    swarm, replaced = _dict(pillar.get("swarm")), _dict(pillar.get("swarm_replace"))
    replaced = {old: new for old, new in replaced.items() if _is_text(old) and _is_text(new)}
    hosts = pillar.get("swarm_hosts")
    hosts = ids({"hosts": [hosts] if isinstance(hosts, str) else hosts}, "hosts")
    hosts += [old for old, new in replaced.items() if old != new]
    named, patterns = ids(swarm, "managers"), ids(swarm, "workers")
    without = ids(swarm, "init_without")
    asked = [*named, *patterns, *hosts]
    # One call for all of them, since each one loads Salt's wheel modules. A key in the mine could be anybody's.
    found = __salt__["saltutil.wheel"]("key.print", asked)["return"] if asked else {}
    keys = _dict(_dict(found).get("minions"))
    meant = {
        host: key
        for host, key in keys.items()
        if host in named or any(fnmatch.fnmatch(host, pattern) for pattern in patterns)
    }
    # Salt returns the text of an exception instead.
    unread = not isinstance(found, dict)
    ret = check(pillar, None if unread else list(meant), hosts)
    if context.get("whole"):
        ret["refusals"] = _override(pillar, context.get("what")) + ret["refusals"]
    if unread:
        ret["refusals"].append(
            f"the keys of this master cannot be read: {_shown(str(found).strip())}"
        )
    ret.update(swarm=dict(swarm), without=without, hosts=hosts, replaced=replaced)
    ret["preflight"] = ids(swarm.get("preflight"), "ignore")
    of_preflight = ("managers", "address_pool", "subnet_size")
    ret["planned"] = {key: swarm[key] for key in of_preflight if swarm.get(key)}
    ret["managers"] = {host: keys[host] for host in named if host in keys and host not in without}
    ret["workers"] = {
        host: key
        for host, key in meant.items()
        if host not in named and replaced.get(host, host) == host
    }
    ret["reached"] = [host for host in hosts if host in keys]
    ret["nobody"] = "" if ret["managers"] else _nobody(pillar, __opts__["id"])
    return ret


def _override(pillar, what):
    """
    Refuse a pillar from the command line: it reaches only the steps on this master. It is not
    passed on, because the arguments of a job are in the job cache. Refuse also what is asked of
    another orchestration: ``swarm_hosts`` is not for ``docker.bootstrap``, which would end well
    without it.
    """
    import salt.pillar  # pylint: disable=import-outside-toplevel

    # Salt would merge the pillar of the options into what it compiles (ssh_merge_pillar).
    opts = {name: value for name, value in __opts__.items() if name != "pillar"}
    files = salt.pillar.get_pillar(
        opts,
        __opts__["grains"],
        __opts__["id"],
        __opts__["saltenv"],
        pillarenv=__opts__.get("pillarenv"),
    ).compile_pillar()
    typed = [key for key in pillar if pillar[key] != files.get(key)]
    lines = [
        f"pillar {key} on the command line would reach only part of the run: put it into the pillar files"
        for key in ("swarm", "repositories")
        if key in typed
    ]
    takes = TAKES.get(what, tuple(ASKED))
    for key in ASKED:
        if key in typed and key not in takes:
            others = [name for name, keys in TAKES.items() if key in keys]
            lines.append(
                f"{what} does not take {key} (valid: {', '.join(takes)}): it is for {', '.join(others)}"
            )
    return lines
