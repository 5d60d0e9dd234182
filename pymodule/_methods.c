/* SPDX-License-Identifier: Apache-2.0 */
/* The type Client: the methods with their texts for help(), and which function is which. */
#include "_evict.h"
#include "_swarm.h"

PyDoc_STRVAR(api_version_doc,
	     "api_version($self, /)\n--\n\n"
	     "The API version in use, such as \"1.45\"; asks the engine the first time.");

PyDoc_STRVAR(
	call_doc,
	"call($self, /, op, id=None, *, query=None, body=None, registry_auth=None, "
	"timeout=None)\n--\n\n"
	"Call an operation by its name, one of OPS; not one that answers a stream (events, logs).\n\n"
	"id fills the {id} of the path. query values: bool becomes true or false, int and\n"
	"str stay, dict and list become JSON. body is a dict. registry_auth is a dict with\n"
	"username, password and serveraddress, or identitytoken, or registrytoken. The\n"
	"timeout is in seconds.\n"
	"Returns the decoded JSON, the text of an operation that answers text, or None.");

PyDoc_STRVAR(close_doc,
	     "close($self, /)\n--\n\n"
	     "Close the connection, and end what events() and logs() gave. Later calls raise\n"
	     "InvalidArgument; closing again is fine.");

PyDoc_STRVAR(
	local_doc,
	"local($self, /, *, timeout=None)\n--\n\n"
	"This host in the swarm, as its engine sees it.\n\n"
	"Returns a dict: state (\"inactive\", \"pending\", \"active\", \"error\" or \"locked\"),\n"
	"manager (bool), node_id, node_addr, name, error, cluster_id, engine_version (str,\n"
	"\"\" where there is none), managers (list of \"ip:port\"), manager_ids, warnings.");

PyDoc_STRVAR(
	init_doc,
	"init($self, /, *, listen_addr=None, advertise_addr=None, "
	"data_path_addr=None, data_path_port=None, availability=None, default_addr_pool=None, "
	"subnet_size=None, autolock=False, force_new_cluster=False, spec=None, timeout=None, "
	"force_despite_leader=False)\n--\n\n"
	"Make a new swarm with this host as its first manager, and wait until it leads.\n\n"
	"force_new_cluster: only for a lost quorum, on one manager that is left. It is refused where\n"
	"this host sees a leader, unless force_despite_leader is given too, and with autolock.\n\n"
	"Returns the id of this node. The timeout is in seconds, 120 unless given.");

PyDoc_STRVAR(
	join_doc,
	"join($self, /, remote_addrs, token, *, digest=None, listen_addr=None, "
	"advertise_addr=None, data_path_addr=None, availability=None, manager=False, "
	"replace_pending=False, pending_timeout=None, timeout=None, worker=False)\n--\n\n"
	"Join this host to a swarm and wait until it is active.\n\n"
	"remote_addrs: managers as \"host[:port]\". digest: the CA digest that the token must\n"
	"carry. manager: also wait until the manager part is up. worker: it is an error where the\n"
	"token made this host a manager. replace_pending: a join that does not become active in\n"
	"pending_timeout (20 seconds) is left and done again.");

PyDoc_STRVAR(leave_doc, "leave($self, /, *, force=False, timeout=None)\n--\n\n"
			"Take this host out of its swarm and wait until it is inactive.");

PyDoc_STRVAR(
	leave_cleanly_doc,
	"leave_cleanly($self, /, manager, *, timeout=None)\n--\n\n"
	"Take this host out of its swarm as a whole: drain and wait, demote and wait, leave, and\n"
	"delete its record, 600 seconds unless given.\n\n"
	"manager: a Client of another host, which is a manager of the same swarm. A demotion that\n"
	"would lose the quorum is refused before anything is changed.");

PyDoc_STRVAR(tokens_doc, "tokens($self, /, *, timeout=None)\n--\n\n"
			 "The join tokens: a dict with worker, manager and cluster_id. Secret.");

PyDoc_STRVAR(cluster_update_doc,
	     "cluster_update($self, /, patch=None, *, "
	     "rotate_worker_token=False, rotate_manager_token=False, rotate_unlock_key=False, "
	     "timeout=None)\n--\n\n"
	     "Merge a patch (RFC 7396) into the cluster's spec.\n\n"
	     "Returns {\"old\": spec before, \"new\": spec sent}.");

PyDoc_STRVAR(
	ca_rotate_doc,
	"ca_rotate($self, /, *, cert=None, key=None, timeout=None)\n--\n\n"
	"Give the cluster a new root CA, and wait until every node has a certificate of it, 300\n"
	"seconds unless given.\n\n"
	"cert, key: PEM texts of a root of one's own; without them the engine makes one. Join tokens\n"
	"change with the root. A rotation that is given up, by timeout or Ctrl-C, goes on.");

PyDoc_STRVAR(
	node_list_doc,
	"node_list($self, /, *, filters=None, timeout=None)\n--\n\n"
	"The nodes of the swarm, from a manager.\n\n"
	"filters: a dict of id, name, role, membership, label (of the engine) and node.label,\n"
	"each with a str or a list of them. Values of one name are alternatives, different\n"
	"names must all fit; id and name are exact. With filters an election is waited out.\n"
	"Returns a list of dicts: id, hostname, role, availability, state, message, addr,\n"
	"engine_version, member, leader (bool), reachability, manager_addr, labels (dict).");

PyDoc_STRVAR(node_inspect_doc,
	     "node_inspect($self, /, node, *, timeout=None)\n--\n\n"
	     "The engine's description of a node, named by id, host name or \"self\".");

PyDoc_STRVAR(node_update_doc,
	     "node_update($self, /, node, patch, *, timeout=None)\n--\n\n"
	     "Merge a patch (RFC 7396) into a node's spec: Role, Availability, Labels.\n\n"
	     "Returns {\"id\": node id, \"old\": spec, \"new\": spec}.");

PyDoc_STRVAR(node_drain_doc,
	     "node_drain($self, /, node, *, timeout=None)\n--\n\n"
	     "Drain a node and wait until no task runs on it, 300 seconds unless given.\n\n"
	     "Returns as node_update().");

PyDoc_STRVAR(rebalance_plan_doc, "rebalance_plan($self, /, services=None, *, timeout=None)\n--\n\n"
				 "What rebalance() would do, service by service.");

PyDoc_STRVAR(rebalance_doc,
	     "rebalance($self, /, services=None, *, timeout=None)\n--\n\n"
	     "Even out the tasks of services over the nodes, 600 seconds unless given.\n\n"
	     "Returns a list of dicts, one a service that was not even: id, service, version,\n"
	     "replicas, way (move, finish, stay), why, moves (list of dicts: from, to, tasks).");

PyDoc_STRVAR(node_remove_doc,
	     "node_remove($self, /, node, *, force=False, demote=False, timeout=None)\n--\n\n"
	     "Delete a node's record. force: also one that is not down. demote: a manager first.");

PyDoc_STRVAR(unlock_doc,
	     "unlock($self, /, key, *, timeout=None)\n--\n\n"
	     "Unlock this host, a manager that locked itself, and wait until it is active.");

PyDoc_STRVAR(
	unlock_key_doc,
	"unlock_key($self, /, *, rotate=False, timeout=None)\n--\n\n"
	"The unlock key, from a manager; rotate: a new one. Secret. NotFound where autolock is\n"
	"off.");

PyDoc_STRVAR(
	node_promote_doc,
	"node_promote($self, /, node, *, timeout=None)\n--\n\n"
	"Make a node a manager and wait until it is a reachable one, 120 seconds unless given.\n\n"
	"Returns as node_update().");

PyDoc_STRVAR(node_demote_doc,
	     "node_demote($self, /, node, *, timeout=None)\n--\n\n"
	     "Make a node a worker and wait until it left the managers' group, 120 seconds unless\n"
	     "given. Returns as node_update().");

PyDoc_STRVAR(node_prune_doc, "node_prune($self, /, *, timeout=None)\n--\n\n"
			     "Delete the records of all workers that are down. Returns their ids.");

PyDoc_STRVAR(
	quorum_doc,
	"quorum($self, /, leaving=None, *, joining=0, timeout=None)\n--\n\n"
	"The quorum of the managers, or what it would be without some nodes: a dict with managers,\n"
	"reachable, needed and losses (how many more may fail). Changes nothing.\n\n"
	"leaving: full ids or exact host names, in the order in which they would go. joining: so many\n"
	"reachable managers would come before. QuorumError has the arithmetic of the first node that\n"
	"may not go.");

PyDoc_STRVAR(
	object_list_doc,
	"object_list($self, /, kind, *, filters=None, timeout=None)\n--\n\n"
	"The engine's descriptions of all objects of a kind: \"service\", \"task\", \"secret\",\n"
	"\"config\" or \"network\".\n\n"
	"filters: as docker has them, each with a str or a list of them, such as\n"
	"{\"label\": \"tier=front\"}; id and name are exact.");

PyDoc_STRVAR(object_inspect_doc,
	     "object_inspect($self, /, kind, ref, *, timeout=None)\n--\n\n"
	     "The engine's description of one object, named by id or exact name (a task by id).");

PyDoc_STRVAR(
	object_create_doc,
	"object_create($self, /, kind, spec, *, registry_auth=None, timeout=None)\n--\n\n"
	"Create a service, secret, config or network.\n\n"
	"spec: a dict, checked before it is sent. registry_auth: of a service, as for call().\n"
	"Returns {\"ID\": id, \"Warnings\": [text]}.");

PyDoc_STRVAR(
	object_update_doc,
	"object_update($self, /, kind, ref, patch, *, registry_auth=None, timeout=None)\n--\n\n"
	"Merge a patch (RFC 7396) into the spec of a service, or into the labels of a secret or\n"
	"config, named by id or exact name.\n\n"
	"registry_auth: of a service, as for call(); it keeps its own without. It goes with a\n"
	"change: where the patch changes nothing, nothing is sent.\n"
	"Returns {\"id\": id, \"old\": spec, \"new\": spec}.");

PyDoc_STRVAR(object_remove_doc, "object_remove($self, /, kind, ref, *, timeout=None)\n--\n\n"
				"Remove a service, secret, config or network.");

PyDoc_STRVAR(
	service_list_doc,
	"service_list($self, /, *, filters=None, timeout=None)\n--\n\n"
	"The services of the swarm with their numbers of tasks, from a manager.\n\n"
	"filters: id, name, label, mode, each with a str or a list of them.\n"
	"Returns a list of dicts: id, version (int), name, labels (dict), image; replicated, global,\n"
	"replicated_job, global_job (bool, one of them True), replicas, total_completions,\n"
	"max_replicas (int); ports (list of dicts: target, published (int), protocol, mode);\n"
	"update_state, update_message, running_tasks, desired_tasks, completed_tasks (int),\n"
	"updated_at.");

PyDoc_STRVAR(
	task_list_doc,
	"task_list($self, /, *, filters=None, timeout=None)\n--\n\n"
	"The tasks of the swarm, from a manager.\n\n"
	"filters: id, name, label, node, service (id or name), desired-state, each with a str or a\n"
	"list of them.\n"
	"Returns a list of dicts: id, service_id, slot (int), node_id, desired_state, state, message,\n"
	"error, timestamp, container_id, exit_code (int), image, job_iteration (int), created_at,\n"
	"labels (dict).");

PyDoc_STRVAR(service_scale_doc,
	     "service_scale($self, /, service, count, *, timeout=None)\n--\n\n"
	     "Set the number of tasks of a replicated service or job. Does not wait.\n\n"
	     "Returns as object_update().");

PyDoc_STRVAR(
	service_remove_doc,
	"service_remove($self, /, service, *, timeout=None)\n--\n\n"
	"Remove a service and wait until its tasks have ended (300 s unless given). Timeout: it was\n"
	"removed, but some tasks have not ended.");
PyDoc_STRVAR(service_rollback_doc, "service_rollback($self, /, service, *, timeout=None)\n--\n\n"
				   "Go back to the spec before the last change. Does not wait.");

PyDoc_STRVAR(
	task_why_doc,
	"task_why($self, /, ref, *, timeout=None)\n--\n\n"
	"Why a task, named by id, or the tasks of a service, named by id or exact name, wait.\n\n"
	"Returns a list, empty where no task of the service waits, of dicts: task (dict: id,\n"
	"service, state, message, error), count (tasks of the service that wait for the same),\n"
	"nodes (list of dicts: id, hostname, rejected: the rules that reject the node, or \"\").");

PyDoc_STRVAR(
	what_if_doc,
	"what_if($self, /, nodes=None, *, drain=False, each=False, timeout=None)\n--\n\n"
	"What becomes of the services if nodes fail, or are drained. Changes nothing.\n\n"
	"nodes: ids, host names, or \"label=value\". each: each of them by itself, of all without nodes.\n"
	"Returns a list of dicts, one a case: nodes, tasks, homeless (tasks that fit nowhere), quorum\n"
	"(bool), text, services (list of dicts: service, mode, tasks, placed, homeless, fits, why).");

PyDoc_STRVAR(
	lock_take_doc,
	"lock_take($self, /, run, what, holder, *, ttl=None, wait=None, timeout=None)\n--\n\n"
	"Take the cluster's lock, or renew it where this run has it.\n\n"
	"ttl: seconds without a renewal after which it ends, 120 unless given. wait: seconds, 0 not\n"
	"at all; until the other run is seen alive, or its lock ends, unless given.\n"
	"Returns a dict: run, what, holder, since, ttl, count, text. Conflict says who has it.");

PyDoc_STRVAR(lock_renew_doc,
	     "lock_renew($self, /, run, *, timeout=None)\n--\n\n"
	     "Renew the lock of a run; Conflict if it has lost it. Returns as lock_take().");

PyDoc_STRVAR(
	lock_release_doc,
	"lock_release($self, /, run, *, timeout=None)\n--\n\n"
	"Release the lock of a run, also another's. Return whether the run had it; Conflict if\n"
	"another one has it.");

PyDoc_STRVAR(lock_get_doc, "lock_get($self, /, *, timeout=None)\n--\n\n"
			   "The lock as lock_take() returns it; None where nobody has it.");

PyDoc_STRVAR(
	health_doc,
	"health($self, /, *, checks=None, ignore=None, baseline=None, margin=None, timeout=None)\n"
	"--\n\n"
	"Look once at the health of the swarm.\n\n"
	"checks: names of checks, all that an engine can tell unless given. ignore: \"name\" or\n"
	"\"name:object\", whose faults become warnings, as do those of baseline, an earlier result.\n"
	"margin: how many managers may fail, 1 unless given.\n"
	"Returns a list of dicts: name, ok (bool, or None where it is not known), level (error or\n"
	"warning), on, text, fix.");

PyDoc_STRVAR(health_wait_doc,
	     "health_wait($self, /, *, checks=None, ignore=None, baseline=None, margin=None,\n"
	     "            timeout=None, stable=None)\n--\n\n"
	     "Wait until no row of health() blocks for stable seconds, 5 unless given.\n\n"
	     "The timeout is 300 seconds unless given; Timeout says what blocks.");

PyDoc_STRVAR(
	service_wait_doc,
	"service_wait($self, /, service, *, timeout=None)\n--\n\n"
	"Wait until the tasks are as the spec says, 300 seconds unless given.\n\n"
	"Returns a dict: done, total, rolled_back (bool). Timeout and StateError say which tasks\n"
	"do not run, and why.");

PyDoc_STRVAR(
	service_settle_doc,
	"service_settle($self, /, service, *, unchanged=False, timeout=None)\n--\n\n"
	"Wait as service_wait(), and return how it ended, 300 seconds unless given.\n\n"
	"unchanged: nothing was changed just now, so what is as it should be counts at once.\n"
	"Returns a dict: outcome (converged, rolled_back, paused, failed or timeout), done, total,\n"
	"exit_code, text (one line with the engine's reasons), nodes (list of str: which rule\n"
	"rejects which node).");

PyDoc_STRVAR(
	service_apply_doc,
	"service_apply($self, /, name, service, *, strict=False, show_env=False,\n"
	"              resolve_image='changed', force_update=None, stack=None,\n"
	"              registry_auth=None, timeout=None, job_trigger=None, spec_patch=None,\n"
	"              replace=False, retry=False, dry_run=False)\n--\n\n"
	"Make a service as it is declared, in compose's words; send nothing where nothing differs.\n\n"
	"strict: remove what is not given. resolve_image: when the image's digest is looked up,\n"
	"changed, always or never. force_update: a text; all tasks run again once for each text.\n"
	"job_trigger: the same of a job. spec_patch: a merge patch in the engine's own words.\n"
	"replace: where the mode changes, make a new service. retry: send also what swarm rolled back.\n"
	"Returns a dict: id, action (create, update, replace, none or rolled_back), changes (dict of\n"
	"fields, each with old and new), restarts (no, placement or tasks), warnings (list of str),\n"
	"and rolled_back (str) with that action. Does not wait for tasks: service_settle() does.");

PyDoc_STRVAR(
	service_diff_doc,
	"service_diff($self, /, name, service, *, strict=False, show_env=False,\n"
	"             resolve_image='changed', force_update=None, stack=None,\n"
	"             registry_auth=None, timeout=None, job_trigger=None, spec_patch=None,\n"
	"             replace=False, retry=False)\n--\n\n"
	"What service_apply() would do with these arguments, in the same form; sends nothing.");

PyDoc_STRVAR(
	secret_put_doc,
	"secret_put($self, /, name, data, *, hash_key=None, template_driver=None, driver=None,\n"
	"           labels=None, keep=1, fixed_name=False, adopt=False, spare_stacks=False,\n"
	"           wait=True, retry=False, dry_run=False, timeout=None)\n--\n\n"
	"Make a secret as it is declared, under a name with a hash of its content; move the services\n"
	"that name an older version, one after the other, and remove versions that none names.\n\n"
	"data: bytes, or None with a driver (dict: Name, Options). hash_key: bytes; the cluster's id\n"
	"without. labels: None removes one. keep: older versions that stay unused. fixed_name: one\n"
	"object of exactly this name. adopt: take over one without labels, and assume its content.\n"
	"spare_stacks: leave services of stacks alone. retry: also a service that went back before.\n"
	"timeout: for the rollout of each service.\n"
	"Returns a dict: id, name (of the version), action (create, replace, adopt, return, update or\n"
	"none), changes (dict: current, labels, services, removed), failed (None, or a dict: service,\n"
	"reason, rolled_back), warnings (list of str). dry_run: the same of what would be done.");

PyDoc_STRVAR(
	config_put_doc,
	"config_put($self, /, name, data, *, hash_key=None, template_driver=None, labels=None,\n"
	"           keep=1, fixed_name=False, adopt=False, spare_stacks=False, wait=True,\n"
	"           retry=False, dry_run=False, timeout=None)\n--\n\n"
	"The same of a config, whose content the engine shows: it is compared by that.");

PyDoc_STRVAR(
	versioned_remove_doc,
	"versioned_remove($self, /, kind, name, *, dry_run=False, timeout=None)\n--\n\n"
	"Remove all versions of a \"secret\" or \"config\", and the object of exactly this name.\n\n"
	"Returns a dict: removed (list of names), warnings. Conflict says which services use one;\n"
	"then none is removed.");

PyDoc_STRVAR(
	versioned_users_doc,
	"versioned_users($self, /, kind, ref, *, timeout=None)\n--\n\n"
	"The services that use a \"secret\" or \"config\", or one of its versions.\n\n"
	"Returns a list of dicts: service, service_id, name and id (of the object), spec (current,\n"
	"previous or both).");

PyDoc_STRVAR(
	stack_plan_doc,
	"stack_plan($self, /, stack, *, contents=None, hash_key=None, prune=True, rollback=True,\n"
	"           wait=True, hash_names=True, resolve_image='changed', registry_auth=None,\n"
	"           retry=False, replace=False, show_env=False, keep=3, history=10, source=None,\n"
	"           who=None, timeout=None)\n--\n\n"
	"What stack_apply() with the same arguments would do. Nothing is changed.\n\n"
	"Returns a dict as stack_apply(); failed is None.");

PyDoc_STRVAR(
	stack_apply_doc,
	"stack_apply($self, /, stack, *, contents=None, hash_key=None, prune=True, rollback=True,\n"
	"            wait=True, hash_names=True, resolve_image='changed', registry_auth=None,\n"
	"            retry=False, replace=False, show_env=False, keep=3, history=10, source=None,\n"
	"            who=None, timeout=None)\n--\n\n"
	"Make a stack as declared: networks, secrets, configs, services in the order of depends_on;\n"
	"wait for them, roll all of it back where one fails, and prune what is no longer declared.\n\n"
	"stack: what compose_convert() returns under \"stack\". contents: bytes of its secrets, by their\n"
	"name in the stack. hash_key: bytes; the cluster's id without. hash_names: False gives secrets\n"
	"and configs the names of docker's CLI. registry_auth: {host: dict of credentials}. retry: send\n"
	"also what was rolled back before. replace: make networks that differ, and services whose mode\n"
	"changes, again. keep: what the last so many revisions name is not pruned. history: so many\n"
	"revisions are kept. source, who: texts kept with the revision. timeout: for each group of\n"
	"services that roll out together, 300 seconds unless given.\n"
	"Returns a dict: name; changes ({networks, secrets, configs, services: {name: {action, changes,\n"
	"restarts}}}); unchanged (numbers); held (list of dicts: service, reason); unmanaged; warnings;\n"
	"revision (number); failed (None, or a dict: service, reason, rolled_back).");

PyDoc_STRVAR(
	stack_rollback_doc,
	"stack_rollback($self, /, name, *, to=None, plan=False, prune=True, rollback=True, wait=True,\n"
	"               registry_auth=None, retry=False, replace=False, show_env=False, keep=3,\n"
	"               history=10, source=None, who=None, timeout=None)\n--\n\n"
	"Make a stack as a stored revision declares it; without to, the last one that worked before\n"
	"the present one. It becomes a new revision. plan: only say what would be done.\n\n"
	"Returns a dict as stack_apply(), with to (the revision) and stack (its objects, with all values\n"
	"of environment variables). Conflict names the secrets and configs that are gone.");

PyDoc_STRVAR(
	stack_remove_doc,
	"stack_remove($self, /, name, *, dry_run=False, timeout=None)\n--\n\n"
	"Remove a stack: services; once their tasks are gone networks, configs, secrets; and the\n"
	"stored revisions. Volumes stay. 300 seconds unless given.\n\n"
	"Returns a dict: name, removed ({services, networks, configs, secrets: [name]}), revisions\n"
	"(number), warnings.");

PyDoc_STRVAR(stack_list_doc,
	     "stack_list($self, /, *, timeout=None)\n--\n\n"
	     "All stacks of the swarm, by name, those of docker's CLI too.\n\n"
	     "Returns a list of dicts: name; services, networks, secrets, configs (numbers);\n"
	     "revision, result, time (of the newest revision, or None).");

PyDoc_STRVAR(
	stack_status_doc,
	"stack_status($self, /, name, *, stack=None, timeout=None)\n--\n\n"
	"Is a stack as declared (sync), and does it work (health)? It is compared with the newest\n"
	"revision, or with stack, as of stack_plan().\n\n"
	"Returns a dict: name, revision, result, sync, health, services (list of dicts: service, sync,\n"
	"health, running, desired, changes, message). sync: synced, out of sync, drifted, unknown.\n"
	"health: healthy, progressing, degraded, missing, unknown.");

PyDoc_STRVAR(
	stack_history_doc,
	"stack_history($self, /, name, *, timeout=None)\n--\n\n"
	"The stored revisions of a stack, the newest first.\n\n"
	"Returns a list of dicts: revision, time, result, hash, source, who, services, failed ({service:\n"
	"reason}), missing (what a rollback to it lacks).");

PyDoc_STRVAR(
	image_resolve_doc,
	"image_resolve($self, /, image, *, registry_auth=None, timeout=None)\n--\n\n"
	"Ask the image's registry, through the engine, for its digest; 15 seconds unless given.\n\n"
	"Returns a dict: image (name with digest), digest, platforms (list of dicts).");

PyDoc_STRVAR(
	image_pull_doc,
	"image_pull($self, /, image, *, registry_auth=None, timeout=None)\n--\n\n"
	"Ensure that this engine has an image: it pulls it where it is not there; 600 seconds unless\n"
	"given. A tag that is there is not compared with the registry.\n\n"
	"Returns a dict: image (the name that the engine was asked for), pulled.");

PyDoc_STRVAR(
	registry_login_doc,
	"registry_login($self, /, registry, registry_auth, version, *, dry_run=False,\n"
	"               timeout=None)\n--\n\n"
	"Give new credentials to all services with an image of a registry; no task restarts.\n\n"
	"version: a text that goes into a label of each service, which is left alone where it is\n"
	"there already. Returns a dict: services, skipped (jobs), two lists of names.");

PyDoc_STRVAR(
	network_apply_doc,
	"network_apply($self, /, name, network, *, replace=False, dry_run=False, timeout=None)\n"
	"--\n\n"
	"Make a network as declared in compose's words; it must not differ unless replace is true,\n"
	"which takes its services off, makes it new, and puts them on again.\n\n"
	"Returns a dict: id, action (create, replace, restore, none), changes ({field: {old, new}}),\n"
	"services (names of those that were moved).");

PyDoc_STRVAR(network_remove_doc,
	     "network_remove($self, /, name, *, dry_run=False, timeout=None)\n--\n\n"
	     "Remove a network that no service uses; waits for tasks that still end.\n\n"
	     "Returns a dict: id, action (remove or none).");

PyDoc_STRVAR(network_usage_doc,
	     "network_usage($self, /, *, timeout=None)\n--\n\n"
	     "How many IPv4 addresses of each network are in use.\n\n"
	     "Returns a list of dicts: id, name, subnets, size, used, tasks, services, nodes.");

PyDoc_STRVAR(
	events_doc,
	"events($self, /, *, filters=None, others=None, timeout=None)\n--\n\n"
	"The events of the cluster, from a manager, as an iterator without end.\n\n"
	"filters: type, event, label, node, service, secret, config, network, each with a str or a\n"
	"list of them. others: Clients of other managers, which are taken in turn when the one that\n"
	"is followed goes away. timeout: seconds for the opening, and for each next(), which raises\n"
	"Timeout then and may be called again; without it next() waits as long as it takes.\n"
	"Gives dicts as the engine writes them: Type, Action, Actor, time. Gives None when the\n"
	"connection is up, at first and again after each gap: what may have changed unseen is to be\n"
	"read again. All the Clients are free for other calls in between.");

PyDoc_STRVAR(
	logs_doc,
	"logs($self, /, kind, ref, *, query=None, timeout=None)\n--\n\n"
	"The log of a \"service\" or a \"task\", as an iterator.\n\n"
	"query: follow, tail, since, timestamps, details, stdout, stderr. timeout: as for events().\n"
	"Gives (source, data): \"stdout\" or \"stderr\" and bytes; the source is \"\" where the\n"
	"containers have a terminal, and then a piece may end anywhere.");

/* clang-format off */
#define METHOD(name) \
	{ #name, (PyCFunction)(void (*)(void))swarmpy_client_##name, METH_VARARGS | METH_KEYWORDS, \
	  name##_doc }
#define PLAIN(name) \
	{ #name, swarmpy_client_##name, METH_NOARGS, name##_doc }
/* clang-format on */

static PyMethodDef methods[] = {
	PLAIN(api_version),
	METHOD(call),
	METHOD(local),
	METHOD(init),
	METHOD(join),
	METHOD(leave),
	METHOD(leave_cleanly),
	METHOD(tokens),
	METHOD(cluster_update),
	METHOD(ca_rotate),
	METHOD(unlock),
	METHOD(unlock_key),
	METHOD(node_list),
	METHOD(node_inspect),
	METHOD(node_update),
	METHOD(node_drain),
	METHOD(node_remove),
	METHOD(node_promote),
	METHOD(node_demote),
	METHOD(node_prune),
	METHOD(quorum),
	METHOD(evict_plan),
	METHOD(evict_plans),
	METHOD(evict_images),
	METHOD(evict),
	METHOD(evict_undo),
	METHOD(rebalance_plan),
	METHOD(rebalance),
	METHOD(object_list),
	METHOD(object_inspect),
	METHOD(object_create),
	METHOD(object_update),
	METHOD(object_remove),
	METHOD(service_list),
	METHOD(task_list),
	METHOD(service_apply),
	METHOD(secret_put),
	METHOD(config_put),
	METHOD(versioned_remove),
	METHOD(versioned_users),
	METHOD(stack_plan),
	METHOD(stack_apply),
	METHOD(stack_rollback),
	METHOD(stack_remove),
	METHOD(stack_list),
	METHOD(stack_status),
	METHOD(stack_history),
	METHOD(service_diff),
	METHOD(image_resolve),
	METHOD(image_pull),
	METHOD(registry_login),
	METHOD(network_apply),
	METHOD(network_remove),
	METHOD(network_usage),
	METHOD(service_scale),
	METHOD(service_remove),
	METHOD(service_rollback),
	METHOD(service_wait),
	METHOD(service_settle),
	METHOD(task_why),
	METHOD(health),
	METHOD(health_wait),
	METHOD(what_if),
	METHOD(lock_take),
	METHOD(lock_renew),
	METHOD(lock_release),
	METHOD(lock_get),
	METHOD(events),
	METHOD(logs),
	PLAIN(close),
	{ NULL, NULL, 0, NULL },
};

PyDoc_STRVAR(
	client_doc,
	"Client(url=None, *, api_version=None, timeout=None, max_body=None, ca=None, cert=None,\n"
	"       key=None, verify=None, context=None)\n--\n\n"
	"One engine, one kept connection. No connection is opened before the first call.\n\n"
	"url: \"unix:///path\", \"tcp://host:port\" or \"https://host:port\"; api_version: such as\n"
	"\"1.41\", negotiated unless given; timeout: seconds for one request; max_body: bytes of the\n"
	"largest answer; what is made of it takes up to three times as much beside it.\n"
	"ca, cert, key: PEM files for TLS, which each of them asks for: of the CAs that count (those\n"
	"of the system without), of this client's certificate and its key. verify: True asks for TLS\n"
	"too, False for TLS with whoever answers. A build without TLS refuses them.\n"
	"context: a docker context, in place of url and TLS; \"default\" is what docker's environment\n"
	"variables (DOCKER_HOST and so on) say.\n"
	"One thread at a time: a call on a client that is busy raises InvalidArgument. A client\n"
	"that crossed a fork opens its own connection.");

static PyType_Slot slots[] = {
	{ Py_tp_doc, (void *)(uintptr_t)client_doc },
	{ Py_tp_new, swarmpy_client_new },
	{ Py_tp_init, swarmpy_client_init_self },
	{ Py_tp_dealloc, swarmpy_client_dealloc },
	{ Py_tp_traverse, swarmpy_client_traverse },
	{ Py_tp_clear, swarmpy_client_clear },
	{ Py_tp_methods, methods },
	{ Py_tp_getset, swarmpy_client_getset },
	{ 0, NULL },
};

PyType_Spec swarmpy_client_spec = {
	.name = "_swarm.Client",
	.basicsize = sizeof(swarmpy_client),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
	.slots = slots,
};
