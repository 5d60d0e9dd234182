/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine refuses only after half of a stack is there, or takes and then no task starts: names,
 * addresses, signals, the order of services.
 */
#include "compose/internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- words that the kernel and docker know --------------------------------------------------------------- */

static const char signals[] =
	" ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT "
	"STOP SYS TERM TRAP TSTP TTIN TTOU UNUSED URG USR1 USR2 VTALRM WINCH XCPU XFSZ ";
static const char limits[] =
	" core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio "
	"rttime sigpending stack ";
static const char capabilities[] =
	" ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN "
	"DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE "
	"MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP "
	"SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT "
	"SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM ";

/* In any case, between blanks. */
static bool is_among(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words + 1; length && *at; at += strcspn(at, " ") + 1)
		if (strcspn(at, " ") == length && strncasecmp(at, word, length) == 0)
			return true;
	return false;
}

static void check_signal(swarm__compose *c, const char *place, const json_t *service)
{
	const char *text = json_string_value(json_object_get(service, "stop_signal"));
	const char *name = text && strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int64_t number;

	if (!text || !*text || is_among(signals, name) || strncasecmp(name, "RTM", 3) == 0 ||
	    (swarm__parse_integer(text, &number) && number >= 1 && number <= 64))
		return;
	swarm__slip(&c->lines, place, "stop_signal must be like SIGTERM, not '%.60s'", text);
}

static void check_limits(swarm__compose *c, const char *place, const json_t *service)
{
	const char *name;
	json_t *value;

	json_object_foreach (json_object_get(service, "ulimits"), name, value)
		if (!is_among(limits, name))
			swarm__slip(&c->lines, place, "ulimits: no limit '%.60s', there are%s",
				    name, limits);
}

static void check_capabilities(swarm__compose *c, const char *place, const json_t *service,
			       const char *key)
{
	json_t *value;
	size_t i;

	json_array_foreach (json_object_get(service, key), i, value) {
		const char *name = json_string_value(value);

		if (name && strncasecmp(name, "CAP_", 4) == 0)
			name += 4;
		if (name && !is_among(capabilities, name))
			swarm__slip(&c->lines, place, "%s: no capability '%.60s'", key, name);
	}
}

/* --- addresses and names in the network --------------------------------------------------------------------- */

static void check_dns(swarm__compose *c, const char *place, const json_t *service)
{
	struct in6_addr binary;
	json_t *value;
	size_t i;

	json_array_foreach (json_object_get(service, "dns"), i, value) {
		const char *text = json_string_value(value);

		if (text && inet_pton(AF_INET, text, &binary) != 1 &&
		    inet_pton(AF_INET6, text, &binary) != 1)
			swarm__slip(&c->lines, place, "dns: '%.60s' is not an IP address", text);
	}
}

static void check_aliases(swarm__compose *c, const char *place, const json_t *service)
{
	const char *key;
	json_t *network, *value;
	size_t i;

	json_object_foreach (json_object_get(service, "networks"), key, network)
		json_array_foreach (json_object_get(network, "aliases"), i, value) {
			const char *alias = json_string_value(value);

			if (alias && (!*alias || strpbrk(alias, " \t\r\n") || strlen(alias) > 253))
				swarm__slip(&c->lines, place,
					    "networks.%.60s: '%.60s' cannot be an alias", key,
					    alias);
		}
}

static void check_hostname(swarm__compose *c, const char *place, const json_t *service)
{
	const char *name = json_string_value(json_object_get(service, "hostname"));

	/* A template is known only on the node. */
	if (name && !strstr(name, "{{") && (strlen(name) > 63 || strpbrk(name, " \t\r\n/")))
		swarm__slip(&c->lines, place,
			    "hostname must have at most 63 characters and no blanks, not '%.80s'",
			    name);
}

void swarm__check_service(swarm__compose *c, const char *place, const json_t *service)
{
	check_signal(c, place, service);
	check_limits(c, place, service);
	check_capabilities(c, place, service, "cap_add");
	check_capabilities(c, place, service, "cap_drop");
	check_dns(c, place, service);
	check_aliases(c, place, service);
	check_hostname(c, place, service);
}

/* --- names of objects (swarmkit: manager/controlapi) ------------------------------------------------------------ */

void swarm__check_name(swarm__compose *c, const char *place, const char *section, const char *name)
{
	bool is_file = strcmp(section, "secrets") == 0 || strcmp(section, "configs") == 0;
	const char *more = is_file ? "-_." : "-_";
	size_t length = strlen(name), most = is_file ? 64 : 63;
	bool good = length && length <= most && isalnum((unsigned char)name[0]) &&
		    isalnum((unsigned char)name[length - 1]);

	for (const char *at = name; good && *at; at++)
		good = (isalnum((unsigned char)*at) && !(*at & 0x80)) || strchr(more, *at);
	if (!good)
		swarm__slip(
			&c->lines, place,
			"cannot be called '%.80s' in the engine: at most %zu letters, digits, %s, "
			"with a letter or digit at both ends",
			name, most, is_file ? "-, _ and ." : "- and _");
}

/* --- order ---------------------------------------------------------------------------------------------------------- */

typedef struct order {
	swarm__compose *c;
	const json_t *services;
	json_t *seen; /* {service: true once all below it were looked at, false on the way} */
} order;

static void check_condition(const order *o, const char *place, const json_t *entry)
{
	static const char words[] =
		" service_started service_healthy service_completed_successfully ";
	const char *condition = swarm__json_string(entry, "condition");

	if (*condition && !is_among(words, condition))
		swarm__slip(&o->c->lines, place, "condition must be one of%s, not '%.60s'", words,
			    condition);
}

/* Depth first; as deep as there are services. */
static void visit(order *o, const char *name, const json_t *service)
{
	char place[SWARM__MAX_PLACE];
	const char *other;
	json_t *entry;

	swarm__spec_put(&o->c->lines, o->seen, name, json_false());
	json_object_foreach (json_object_get(service, "depends_on"), other, entry) {
		const json_t *below = json_object_get(o->services, other);
		const json_t *seen = json_object_get(o->seen, other);

		snprintf(place, sizeof(place), "services.%.100s.depends_on", name);
		check_condition(o, place, entry);
		if (!below && (!json_object_get(entry, "required") ||
			       swarm__is_true(json_object_get(entry, "required"))))
			swarm__slip(&o->c->lines, place, "there is no service '%.60s'", other);
		else if (json_is_false(seen))
			swarm__slip(&o->c->lines, place, "'%.60s' depends on this one in turn",
				    other);
		else if (below && !seen && !o->c->lines.nomem)
			visit(o, other, below);
	}
	swarm__spec_put(&o->c->lines, o->seen, name, json_true());
}

void swarm__check_order(swarm__compose *c)
{
	order o = { c, json_object_get(c->merged, "services"),
		    swarm__spec_new(&c->lines, json_object()) };
	const char *name;
	json_t *service;

	if (!o.seen)
		return;
	json_object_foreach (swarm__json_iterable(o.services), name, service)
		if (!json_object_get(o.seen, name))
			visit(&o, name, service);
	json_decref(o.seen);
}
