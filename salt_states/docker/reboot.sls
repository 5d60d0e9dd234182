{# SPDX-License-Identifier: Apache-2.0 #}
{# Reboot the hosts of a running swarm that need it, one after the other:
     salt-run swarm.plan reboot
     salt-run state.orchestrate docker.reboot pillar='{"swarm_plan": "5f0c…"}'

   "swarm_force": ["reboot"] reboots all of them. The same steps as in docker.upgrade. #}
{% import 'docker/run.jinja' as run with context %}
{% import 'docker/roll.jinja' as roll with context %}
{{ roll.orchestrate('docker-reboot', 'reboot', run) }}
