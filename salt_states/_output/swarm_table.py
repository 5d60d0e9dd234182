"""
Print ``swarm.node_ls`` as the table of ``docker node ls``
==========================================================

Salt's own ``table`` outputter sorts columns by name. Sync this one to the master once, with
``salt-run saltutil.sync_output``.

CLI Example:

.. code-block:: bash

    salt manager1 swarm.node_ls
"""

COLUMNS = ("ID", "HOSTNAME", "STATUS", "AVAILABILITY", "MANAGER STATUS", "ENGINE VERSION")


def output(data, **kwargs):
    """
    The rows of each minion under its id; what is no list of rows (an error) stands as it is.

    data
        ``{minion id: list of rows, or text}``
    """
    return "\n".join(_minion(minion, rows) for minion, rows in data.items())


def _minion(minion, rows):
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return f"{minion}:\n    {rows}"
    lines = [COLUMNS] + [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return "\n".join(
        [f"{minion}:"]
        + ["    " + "   ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
    )


def _cells(row):
    cells = [str(row.get(column, "")) for column in COLUMNS]
    if row.get("SELF"):
        cells[0] += " *"
    return cells
