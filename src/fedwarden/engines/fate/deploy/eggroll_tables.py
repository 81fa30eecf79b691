"""The tables that Eggroll's cluster manager expects in its database, and FATE-Flow's own empty one.

The init folder of a mysql container runs this once, on an empty data folder. No password stands here: the account is
made by the image itself from its environment.
"""

from __future__ import annotations

_STAMPS = (
    "created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP",
    "updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
)
_LONG = "VARCHAR(2000) NOT NULL DEFAULT ''"
_WORD = "VARCHAR(255)"

#: table → (columns, indexes)
_TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "store_locator": (
        (
            "store_locator_id SERIAL PRIMARY KEY",
            f"store_type {_WORD} NOT NULL",
            "namespace VARCHAR(2000) NOT NULL DEFAULT 'DEFAULT'",
            "name VARCHAR(2000) NOT NULL",
            f"path {_LONG}",
            "total_partitions INT UNSIGNED NOT NULL",
            "partitioner VARCHAR(2000) NOT NULL DEFAULT 'BYTESTRING_HASH'",
            f"serdes {_LONG}",
            "version INT UNSIGNED NOT NULL DEFAULT 0",
            f"status {_WORD} NOT NULL",
        ),
        ("UNIQUE (namespace(120), name(640))", "(store_type)", "(namespace(767))", "(name(767))", "(status)"),
    ),
    "store_option": (
        (
            "store_option_id SERIAL PRIMARY KEY",
            "store_locator_id BIGINT UNSIGNED NOT NULL",
            f"name {_WORD} NOT NULL",
            f"data {_LONG}",
        ),
        ("(store_locator_id)",),
    ),
    "store_partition": (
        (
            "store_partition_id SERIAL PRIMARY KEY",
            "store_locator_id BIGINT UNSIGNED NOT NULL",
            "node_id BIGINT UNSIGNED NOT NULL",
            "partition_id INT UNSIGNED NOT NULL",
            f"status {_WORD} NOT NULL",
        ),
        ("UNIQUE (store_locator_id, store_partition_id, node_id)", "(store_locator_id)", "(node_id)", "(status)"),
    ),
    "server_node": (
        (
            "server_node_id SERIAL PRIMARY KEY",
            f"name {_LONG}",
            "server_cluster_id BIGINT UNSIGNED NOT NULL DEFAULT 0",
            "host VARCHAR(1000) NOT NULL",
            "port INT NOT NULL",
            f"node_type {_WORD} NOT NULL",
            f"status {_WORD} NOT NULL",
            "last_heartbeat_at DATETIME DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP",
        ),
        ("(host(600), port, node_type(100))", "(server_cluster_id)", "(node_type)", "(status)"),
    ),
    "session_main": (
        (
            "session_id VARCHAR(767) PRIMARY KEY",
            f"name {_LONG}",
            f"status {_WORD} NOT NULL",
            f"tag {_WORD}",
            "total_proc_count INT",
            "active_proc_count INT",
        ),
        ("(status)",),
    ),
    "session_option": (
        (
            "session_option_id SERIAL PRIMARY KEY",
            "session_id VARCHAR(2000)",
            f"name {_WORD} NOT NULL",
            f"data {_LONG}",
        ),
        ("(session_id(767))",),
    ),
    "session_processor": (
        (
            "processor_id SERIAL PRIMARY KEY",
            "session_id VARCHAR(767)",
            "server_node_id INT NOT NULL",
            f"processor_type {_WORD} NOT NULL",
            f"status {_WORD}",
            f"tag {_WORD}",
            f"command_endpoint {_WORD}",
            f"transfer_endpoint {_WORD}",
            "processor_option VARCHAR(512)",
            "pid INT NOT NULL DEFAULT -1",
        ),
        ("(session_id)",),
    ),
}
#: Since Eggroll 2.5 (FATE 1.11).
_RESOURCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "processor_resource": (
        (
            "id SERIAL PRIMARY KEY",
            "processor_id BIGINT NOT NULL",
            "session_id VARCHAR(767)",
            "server_node_id INT NOT NULL",
            f"resource_type {_WORD}",
            "allocated BIGINT NOT NULL DEFAULT 0",
            "extention VARCHAR(512)",
            f"status {_WORD}",
            "pid INT NOT NULL DEFAULT -1",
        ),
        ("(processor_id)", "(session_id)", "(server_node_id, resource_type, status)"),
    ),
    "node_resource": (
        (
            "resource_id SERIAL PRIMARY KEY",
            "server_node_id BIGINT NOT NULL",
            f"resource_type {_WORD}",
            "total BIGINT NOT NULL DEFAULT 0",
            "used BIGINT NOT NULL DEFAULT 0",
            "pre_allocated BIGINT NOT NULL DEFAULT 0",
            "allocated BIGINT NOT NULL DEFAULT 0",
            "extention VARCHAR(512)",
            f"status {_WORD}",
        ),
        ("UNIQUE (server_node_id, resource_type)", "(server_node_id, status)"),
    ),
    "session_ranks": (
        (
            "container_id SERIAL PRIMARY KEY",
            "session_id VARCHAR(767)",
            "server_node_id INT NOT NULL",
            "global_rank INT UNSIGNED NOT NULL",
            "local_rank INT UNSIGNED NOT NULL",
        ),
        ("(session_id)",),
    ),
}
#: (service, port, node type): Eggroll finds its nodes in the table, not by asking around.
_NODES = (("clustermanager", 4670, "CLUSTER_MANAGER"), ("nodemanager", 4671, "NODE_MANAGER"))


def sql(*, resources: bool) -> str:
    """The whole init script. ``resources``: with the tables that newer Eggrolls count resources in."""
    lines = ["CREATE DATABASE IF NOT EXISTS eggroll_meta;", "GRANT ALL ON eggroll_meta.* TO 'fate'@'%';"]
    lines += ["USE eggroll_meta;"]
    for table, (columns, indexes) in {**_TABLES, **(_RESOURCES if resources else {})}.items():
        stamps = () if table == "session_ranks" else _STAMPS
        body = ",\n  ".join((*columns, *stamps))
        lines.append(f"CREATE TABLE IF NOT EXISTS {table} (\n  {body}\n) DEFAULT CHARACTER SET latin1;")
        for number, index in enumerate(indexes):
            kind = "UNIQUE INDEX" if index.startswith("UNIQUE") else "INDEX"
            lines.append(f"CREATE {kind} idx_{table}_{number} ON {table} {index.removeprefix('UNIQUE ')};")
    for host, port, kind in _NODES:
        values = f"('{host}', {port}, '{kind}', 'HEALTHY')"
        lines.append(f"INSERT INTO server_node (host, port, node_type, status) VALUES {values};")  # noqa: S608 - constants
    return "\n".join(lines) + "\n"
