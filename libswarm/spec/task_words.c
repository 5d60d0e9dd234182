/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the engine takes in a spec, and then no task starts with: words that the kernel and docker do not
 * know, and names that no host can have.
 */
#include "spec/internal.h"

#include <string.h>
#include <strings.h>

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

static const char *text_at(const json_t *given, const char *name)
{
	const char *text = json_string_value(json_object_get(given, name));

	return text ? text : "";
}

static void check_signal(swarm__conversion *c, const json_t *given)
{
	const char *text = text_at(given, "stop_signal");
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int64_t number;

	if (!*text || is_among(signals, name) || strncasecmp(name, "RTM", 3) == 0 ||
	    (swarm__parse_integer(text, &number) && number >= 1 && number <= 64))
		return;
	swarm__slip(c, "stop_signal", "must be like SIGTERM, not '%.60s'", text);
}

static void check_limits(swarm__conversion *c, const json_t *given)
{
	const char *name;
	json_t *value;

	json_object_foreach (json_object_get(given, "ulimits"), name, value)
		if (!json_is_null(value) && !is_among(limits, name))
			swarm__slip_choice(c, "ulimits", "a name", limits, name);
}

void swarm__spec_check_capability(swarm__conversion *c, const char *place, const char *name)
{
	swarm__nearest nearest = { name, "", 0 };

	if (is_among(capabilities, name))
		return;
	swarm__nearest_among(&nearest, capabilities);
	swarm__slip(c, place, "no capability '%.60s'%s%s%s", name,
		    *nearest.best ? ", did you mean " : "", nearest.best, *nearest.best ? "?" : "");
}

static void check_hostname(swarm__conversion *c, const json_t *given)
{
	const char *name = text_at(given, "hostname");

	/* A template is known only on the node. */
	if (!strstr(name, "{{") && (strlen(name) > 63 || strpbrk(name, " \t\r\n/")))
		swarm__slip(c, "hostname",
			    "must have at most 63 characters and no blanks, not '%.80s'", name);
}

void swarm__spec_check_tasks(swarm__conversion *c, const json_t *given)
{
	check_signal(c, given);
	check_limits(c, given);
	check_hostname(c, given);
}
