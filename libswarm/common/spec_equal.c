/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do two specs mean the same to the engine? It leaves out what is zero (Go's omitempty), so that a
 * false, 0, "", [] or {} that is sent never comes back. Where absence means something of its own, a
 * pointer in the engine's types, the value is kept and comes back: those members are listed here.
 */
#include "common/internal.h"

#include <string.h>

/* moby: api/types/swarm. Pointers to numbers and booleans. */
static const char *const counted[] = {
	"Replicas",
	"MaxConcurrent",
	"TotalCompletions",
	"MaxAttempts",
	"Window",
	"StopGracePeriod",
	"Init",
	"MemorySwappiness",
	"SwapBytes",
	"KeepOldSnapshots",
	"TaskHistoryRetentionLimit",
};

/* Maps: an empty one is as good as none, and each of its members counts. */
static const char *const maps[] = { "Labels", "Sysctls", "Options", "DriverOpts" };

/* Structs without a pointer: one of zeros is as good as none. */
static const char *const structs[] = {
	"Orchestration", "Raft", "Dispatcher", "CAConfig", "TaskDefaults", "EncryptionConfig",
};

#define LISTED(name, list) is_listed(name, list, sizeof(list) / sizeof((list)[0]))

static bool is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* The delay of a restart policy is a pointer, that of an UpdateConfig is none. */
static bool is_counted(const char *parent, const char *name)
{
	return LISTED(name, counted) || LISTED(parent, maps) ||
	       (strcmp(parent, "RestartPolicy") == 0 && strcmp(name, "Delay") == 0);
}

static bool is_zero_object(const char *name, json_t *object);

/* Does the engine leave this member out? */
static bool is_zero(const char *parent, const char *name, json_t *value)
{
	if (!value || json_is_null(value))
		return true;
	if (is_counted(parent, name))
		return false;
	if (json_is_object(value))
		return is_zero_object(name, value);
	return json_is_false(value) || (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_string(value) && json_string_length(value) == 0) ||
	       (json_is_number(value) && json_number_value(value) == 0);
}

static bool is_zero_object(const char *name, json_t *object)
{
	const char *member;
	json_t *value;

	if (LISTED(name, maps))
		return json_object_size(object) == 0;
	if (!LISTED(name, structs))
		return false;
	json_object_foreach (object, member, value)
		if (!is_zero(name, member, value))
			return false;
	return true;
}

static bool same(const char *parent, const char *name, json_t *a, json_t *b);

static bool covers(const char *name, json_t *a, json_t *b)
{
	const char *member;
	json_t *value;

	json_object_foreach (a, member, value)
		if (!same(name, member, value, json_object_get(b, member)))
			return false;
	return true;
}

static bool same_items(json_t *a, json_t *b)
{
	if (json_array_size(a) != json_array_size(b))
		return false;
	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *one = json_array_get(a, i), *other = json_array_get(b, i);
		bool objects = json_is_object(one) && json_is_object(other);

		if (objects ? !same("", "", one, other) : !json_equal(one, other))
			return false;
	}
	return true;
}

static bool same(const char *parent, const char *name, json_t *a, json_t *b)
{
	if (json_is_object(a) && json_is_object(b))
		return covers(name, a, b) && covers(name, b, a);
	if (json_is_array(a) && json_is_array(b))
		return same_items(a, b);
	/* 1 and 1.0 */
	if (json_is_real(a) || json_is_real(b))
		return (json_is_number(a) || is_zero(parent, name, a)) &&
		       (json_is_number(b) || is_zero(parent, name, b)) &&
		       json_number_value(a) == json_number_value(b);
	return (a && b && json_equal(a, b)) ||
	       (is_zero(parent, name, a) && is_zero(parent, name, b));
}

bool swarm__spec_equal(const json_t *a, const json_t *b)
{
	return same("", "", swarm__json_iterable(a), swarm__json_iterable(b));
}
