# What docker.bootstrap and docker.engine read. Copy it, and change what differs. docs/configuration.md has a
# table of all keys. A key that is not one of these, or a value of another type, stops a run before it changes
# anything. Not in here are the keys that single orchestrations take on the command line: swarm_hosts,
# swarm_replace, swarm_recover, swarm_confirm, swarm_teardown, swarm_rotate, swarm_rotate_key, swarm_unlock_key.

repositories:
  # A host that has this repository already, in any file or form, keeps it as it is.
  repos:
    docker:
      humanname: Docker
      # Debian family: the address behind "deb"; RedHat family: the repository's baseurl.
      baseurl: https://download.docker.com/linux/debian
      # URL of the key that signs the repository; salt:// works too.
      gpgkey: https://download.docker.com/linux/debian/gpg
      # Debian family only: distribution (default: the host's code name) and component (stable).
      # dist: bookworm
      # comps: stable
  pkgs:
    docker-engine:
      # Package name: docker-ce (Docker's own repository), docker.io (Debian's).
      name: docker-ce
      # Exact package version; empty: what the repository has. On a member of a swarm another version or
      # package is reported, and never installed.
      version: ''

swarm:
  # Exact minion ids, one by one: never a pattern, since each of them is given the manager's join token.
  # Use an odd number. The first is the only one that ever makes a swarm. A host that is moved between
  # this list and the workers is promoted or demoted by the next run; promotions come first.
  managers:
    - manager1
    - manager2
    - manager3

  # Minion ids or patterns. With auto_accept on the master, a pattern lets in whoever takes a name.
  workers:
    - 'worker*'

  # Interface or address of the host that the others reach it by; needed where it has several.
  advertise: eth0

  # Listen address of managers, 0.0.0.0:2377 unless given.
  # listen: 0.0.0.0:2377

  # Fixed for the life of the swarm: interface or address, and UDP port, of overlay traffic; address
  # pools of overlay networks and the mask length of each network.
  # data_path: eth1
  # data_path_port: 4789
  # address_pool: [10.20.0.0/16]
  # subnet_size: 24

  # What nodes have, by minion id or a glob over minion ids; all that fit add up in their order, and the
  # id itself comes last. Labels are merged into the node's (a label set to null is removed). A host with
  # labels joins drained and becomes active in the same change as it gets them, so no task comes before
  # its labels. A label is a string or an integer. Quote what YAML reads as something else: '1:30' is 90
  # without quotes, '017' is 15, 'yes', 'no', 'on' and 'off' are True and False, '1.10' is 1.1, and
  # '2026-11-29' is a date. The first two are integers as well, so nothing can warn you about them. Where availability (active, pause, drain) is not given, it is otherwise left as it is:
  # managers drained, and a node that you drained by hand drained.
  # nodes:
  #   'worker*':
  #     labels: {zone: a}
  #   worker1:
  #     labels: {disk: ssd}
  #     availability: active

  # Settings of the cluster, as for the state swarm.cluster, applied at the end of each run. What is not
  # named stays as it is. Durations have units (d, h, m, s, ms, us, ns), such as 90d or 1h30m; a certificate
  # lives for at least 1h.
  # cluster:
  #   node_cert_expiry: 90d
  #   heartbeat_period: 5s
  #   task_history_retention_limit: 5
  #   snapshot_interval: 10000
  #   keep_old_snapshots: 0
  #   log_entries_for_slow_followers: 500
  #   heartbeat_tick: 1
  #   election_tick: 10
  #   external_cas: [{protocol: cfssl, url: 'https://ca.example:8888/sign'}]
  #   labels: {site: north}
  # With labels_exact the cluster has no other labels than these.
  #   labels_exact: false

  # How many nodes that pillar does not name a bootstrap may remove, drained and demoted first. If there are
  # more, none is removed. 0 (the default): they are reported, and left alone.
  # prune: 0

  # The key of the hashes in the names of secrets and configs (states swarm.secret and swarm.config): a
  # text, or an sdb:// URL. Without it, it is the cluster's id, by which a weak secret could be guessed.
  # hash_key: sdb://vault/swarm_hash_key

  # Managers that are dead for good, on your word: runs go on without them. A new swarm is still not
  # made while one of their known addresses answers. Take them out again afterwards.
  # init_without: [manager3]

  # True: only for a state.apply of docker.manager.first by hand, your word that a new swarm may be made.
  # beside: a second swarm on purpose, though managers of another one answer that this master's minions
  # know. Remove it again afterwards.
  # init: True

  # The engine's address on the hosts, unix:///var/run/docker.sock unless given; seconds for a request;
  # the API version, the highest that both sides know unless given. Minion config goes before pillar.
  # url: tcp://127.0.0.1:2376
  # timeout: 60
  # api_version: '1.41'

  # TLS for a tcp:// address, which needs the wheel: paths on the minion; verify: false disables verification.
  # tls:
  #   ca: /etc/docker/ca.pem
  #   cert: /etc/docker/cert.pem
  #   key: /etc/docker/key.pem
  #   verify: true
