{# Docker Engine from the repository of pillar, installed and running.
   Pillar: repositories:repos:docker, repositories:pkgs:docker-engine #}
{% set repositories = pillar.get('repositories') or {} %}
{% set repo = (repositories.get('repos') or {}).get('docker') %}
{% set package = (repositories.get('pkgs') or {}).get('docker-engine') or {} %}
{% set name = package.get('name', 'docker-ce') %}

{% if repo and grains['os_family'] == 'Debian' %}
{% set keyring = '/etc/apt/keyrings/docker.asc' %}

docker-key:
  file.managed:
    - name: {{ keyring }}
    - source: {{ repo['gpgkey'] | json }}
    - skip_verify: True
    - makedirs: True
    - mode: '0644'

docker:
  pkgrepo.managed:
    - name: 'deb [signed-by={{ keyring }}] {{ repo['baseurl'] }} {{ repo.get('dist') or grains['oscodename'] }} {{ repo.get('comps', 'stable') }}'
    - humanname: {{ repo.get('humanname', 'Docker') | json }}
    - file: /etc/apt/sources.list.d/docker.list
    - aptkey: False
    - require:
      - file: docker-key
{% elif repo and grains['os_family'] == 'RedHat' %}

docker:
  pkgrepo.managed:
    - humanname: {{ repo.get('humanname', 'Docker') | json }}
    - baseurl: {{ repo['baseurl'] | json }}
    - gpgkey: {{ repo['gpgkey'] | json }}
    - gpgcheck: 1
    - enabled: True
{% endif %}

docker-engine:
  pkg.installed:
    - name: {{ name }}
{% if package.get('version') %}
    - version: {{ package['version'] | json }}
{% endif %}
{% if repo and grains['os_family'] in ('Debian', 'RedHat') %}
    - require:
      - pkgrepo: docker
{% endif %}
  service.running:
    - name: docker
    - enable: True
    - require:
      - pkg: docker-engine
