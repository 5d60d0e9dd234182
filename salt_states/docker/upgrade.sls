{# SPDX-License-Identifier: Apache-2.0 #}
{# Upgrade the engines of a running swarm to the version of pillar, host by host:
     salt-run swarm.plan upgrade
     salt-run state.orchestrate docker.upgrade pillar='{"swarm_plan": "5f0c…"}'

   Managers first, the one that leads last; each host is emptied without a gap before, and the swarm must
   have no new fault before the next one. Run it again after a failure. #}
{% import 'docker/run.jinja' as run with context %}
{% import 'docker/roll.jinja' as roll with context %}
{{ roll.orchestrate('docker-upgrade', 'upgrade', run) }}
