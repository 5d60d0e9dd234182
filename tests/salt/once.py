# SPDX-License-Identifier: Apache-2.0
"""What Salt does again for each loader, done once for all of them: fresh loaders are made by the
thousand here, and each would list the same folders, and compile the same files and templates.

What is kept goes by content: a file that changes between two loaders, and a new file, are seen.
"""

import copy
import functools
import importlib.machinery
import logging
import os

import jinja2
import salt.config
import salt.loader.lazy

_CODE = {}
_TEMPLATES = {}
_FILES = {}
# The settings of jinja that a template's code depends on.
_SETTINGS = (
    *("block_start_string", "block_end_string", "variable_start_string", "variable_end_string"),
    *("comment_start_string", "comment_end_string", "line_statement_prefix"),
    *("line_comment_prefix", "trim_blocks", "lstrip_blocks", "newline_sequence"),
    *("keep_trailing_newline", "autoescape", "optimized", "sandboxed", "is_async", "finalize"),
)
_COMPILE = jinja2.Environment.compile
_SOURCE_TO_CODE = importlib.machinery.SourceFileLoader.source_to_code
_REFRESH = salt.loader.lazy.LazyLoader._refresh_file_mapping


def _source_to_code(self, data, path, **more):
    """Code objects do not change, and Python's own cache is off: it would write into the tree."""
    key = (bytes(data), path)
    if key not in _CODE:
        _CODE[key] = _SOURCE_TO_CODE(self, data, path, **more)
    return _CODE[key]


def _compile(self, source, *args, **more):
    names = tuple(frozenset(one) for one in (self.extensions, self.filters, self.tests))
    settings = tuple(getattr(self, name) for name in _SETTINGS)
    key = (source, args, tuple(more.items()), type(self), settings, names)
    if key not in _TEMPLATES:
        _TEMPLATES[key] = _COMPILE(self, source, *args, **more)
    return _TEMPLATES[key]


def _state_of(folder):
    """
    Changes with each file that comes or goes. Each minion has folders of its own, most of which are not
    there: those are all the same. Bytecode is not cached here.
    """
    try:
        return folder, os.stat(folder).st_mtime_ns
    except OSError:
        return None


def _refresh_file_mapping(self):
    disabled = frozenset(self.disabled)
    key = (tuple(map(_state_of, self.module_dirs)), disabled, tuple(self.static_modules))
    if key not in _FILES:
        _REFRESH(self)
        _FILES[key] = (self.file_mapping, self.suffix_map, self.suffix_order)
    self.file_mapping, self.suffix_map, self.suffix_order = map(copy.copy, _FILES[key])


def install():
    importlib.machinery.SourceFileLoader.source_to_code = _source_to_code
    salt.loader.lazy.LazyLoader._refresh_file_mapping = _refresh_file_mapping
    jinja2.Environment.compile = _compile
    # Salt sets it to all there is, and then writes a record for each file that it looks at.
    logging.getLogger().setLevel(logging.INFO)
    try:
        from salt.utils.optsdict import OptsDict
    except ImportError:  # Salt 3006 copies its options
        return
    # Each loaded module asks whether the options are empty, and Salt counts 400 keys for that.
    OptsDict.__bool__ = lambda self: any(key in self for key in self._get_all_keys())


@functools.cache
def _minion_config():
    return salt.config.minion_config(None)


def minion_config():
    """The options of a minion without a configuration; making them asks the network's devices."""
    return copy.deepcopy(_minion_config())
