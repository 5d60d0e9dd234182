# SPDX-License-Identifier: Apache-2.0
# Pillar of docker.bootstrap and docker.engine. Copy it and adapt it. docs/configuration.md has a table of all
# keys. An unknown key, or a value of another type, stops a run before it changes anything. The keys that
# single orchestrations accept on the command line are not here: swarm_hosts, swarm_replace, swarm_recover,
# swarm_confirm, swarm_teardown, swarm_rotate, swarm_rotate_key, swarm_unlock_key, swarm_stacks,
# swarm_plan, swarm_ignore, swarm_stop, swarm_force.

repositories:
  # A host that already has this repository, in any file or form, keeps it unchanged.
  repos:
    docker:
      humanname: Docker
      # Debian family: the address after "deb"; RedHat family: the repository's baseurl.
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
      # Package version, or a glob such as '5:28.5*'; empty: the version of the repository. On a member of a
      # swarm docker.bootstrap reports a different version or package; only docker.upgrade installs it.
      version: ''

swarm:
  # Exact minion ids, never a pattern, because each of them receives the managers' join token. Use an odd
  # number. Only the first one ever creates a swarm. A host that moves between this list and the workers
  # is promoted or demoted by the next run; promotions come first.
  managers:
    - manager1
    - manager2
    - manager3

  # Minion ids or patterns. With auto_accept on the master, a pattern admits anybody who uses such a name.
  workers:
    - 'worker*'

  # Interface or address by which the other hosts reach this one; required if it has several.
  advertise: eth0

  # Listen address of managers; the default is 0.0.0.0:2377.
  # listen: 0.0.0.0:2377

  # Fixed for the life of the swarm: interface or address, and UDP port, of overlay traffic; address
  # pools of overlay networks and the mask length of each network.
  # data_path: eth1
  # data_path_port: 4789
  # address_pool: [10.20.0.0/16]
  # subnet_size: 24

  # Labels and availability of nodes, by minion id or a glob over minion ids. All matching entries are
  # merged in their order, and the id itself comes last. Labels are merged into the node's; a label set to
  # null is removed. A host with labels joins drained and becomes active in the update that sets them, so
  # no task arrives before its labels. A label is a string or an integer. Quote what YAML reads as something
  # else: without quotes '1:30' is 90, '017' is 15, 'yes', 'no', 'on' and 'off' are True and False, '1.10'
  # is 1.1. The first two are integers as well, so nothing can warn you about them. Without availability (active, pause, drain) a node keeps its own: managers stay drained, and so
  # does a node that you drained by hand.
  # nodes:
  #   'worker*':
  #     labels: {zone: a}
  #   worker1:
  #     labels: {disk: ssd}
  #     availability: active

  # Settings of the cluster, as for the state swarm.cluster, applied at the end of each run. Settings that
  # are not named stay as they are. Durations have units (d, h, m, s, ms, us, ns), such as 90d or 1h30m; a
  # certificate lives for at least 1h.
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

  # How many nodes that pillar does not name a bootstrap may remove, after draining and demoting them. If
  # there are more, none is removed. 0 (the default): they are reported but not touched.
  # prune: 0

  # Where the credentials of private registries come from: a pillar key, an sdb:// URL, a docker config
  # file or a credential helper.
  # registries: {'registry.example.com:5000': {pillar: 'registry:robot'}}

  # The stacks that docker.deploy deploys, in this order: each one as the state swarm.stack has it. The
  # managers and the master's own id need this part of pillar. Put secrets elsewhere, and name the place.
  # stacks: {shop: {source: ['salt://shop/compose.yml'], env: {TAG: '1.4'}}}

  # Checks that may fail before docker.bootstrap and docker.upgrade change anything (docs/preflight.md), by
  # name or name:host: an error becomes a warning, and a warning is not told.
  # preflight: {ignore: [clock, 'mtu:worker1']}

  # How docker.remove and docker.replace empty a node: without a gap where all of its tasks fit elsewhere,
  # else by a plain drain. swarm.evict has the same defaults.
  # drain: {graceful: True, deadline: 600, fallback: stop, allow: [db]}

  # How docker.upgrade and docker.reboot go: with the hash of a plan that was looked at (confirm), how many
  # workers at once (batch), and by which node label no two of a batch may be equal (zone); and where a
  # manager that locks itself finds the unlock key.
  # snapshot is an SLS that one manager applies before the first host is emptied, such as a backup; canary
  # an image with sh and nc, whose task tries the network of each host before it is used again; when says
  # which hosts are rebooted: always (all), required, or those where the file of this path is newer than the
  # boot.
  # upgrade: {batch: 20%, zone: zone, snapshot: site.swarm_backup, canary: {image: 'busybox:1.37'}}
  # reboot: {confirm: True, batch: 1, zone: zone, timeout: 600, when: required}
  # unlock: {key_file: /root/swarm.key}

  # When both may begin with a host; not in the last drain:deadline seconds of it. A run that meets the end
  # of the window ends well, and the next one goes on. Quote the times: without quotes 12:00 is 720. Also,
  # no host begins while one of these services is being updated.
  # window: {days: [sat], from: '02:00', to: '05:00', tz: Europe/Rome}
  # blockers: [db]

  # What those stacks may use; what is not given is not restricted.
  # policy: {images: [registry.example.com], host_paths: [/srv/data], host_network: False, ports: ['8000-8999']}

  # The key of the hashes in the names of secrets and configs (states swarm.secret and swarm.config): a
  # text, or an sdb:// URL. Without it, it is the cluster's id, by which a weak secret could be guessed.
  # hash_key: sdb://vault/swarm_hash_key

  # Managers that you declare dead for good: runs continue without them. A new swarm is still not created
  # while one of their known addresses answers. Remove them from here afterwards.
  # init_without: [manager3]

  # True: only for a state.apply of docker.manager.first by hand; confirms that a new swarm may be created.
  # beside: creates a second swarm on purpose, although managers of another one answer. Remove it
  # afterwards.
  # init: True

  # Address of the engine on the hosts (default unix:///var/run/docker.sock); seconds for one request; API
  # version (default: the highest that both sides support). Minion config takes precedence over pillar.
  # url: tcp://127.0.0.1:2376
  # timeout: 60
  # api_version: '1.41'

  # TLS for a tcp:// address, which needs the wheel: paths on the minion; verify: false disables verification.
  # tls:
  #   ca: /etc/docker/ca.pem
  #   cert: /etc/docker/cert.pem
  #   key: /etc/docker/key.pem
  #   verify: true
