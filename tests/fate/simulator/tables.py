"""FATE's tables: (namespace, name) → rows by id. The party is no part of a table's identity."""

import threading


class Table:
    def __init__(self, sid="", header=(), partition=1):
        self.sid, self.header, self.partition = sid, list(header), partition
        self.rows = {}

    def schema(self):
        return {"header": ",".join(self.header), "sid": self.sid} if self.sid else {}

    def column(self, name):
        place = self.header.index(name)
        return {key: values[place] for key, values in self.rows.items()}


class Tables:
    def __init__(self):
        self._all = {}
        self._lock = threading.Lock()

    def get(self, namespace, name):
        return self._all.get((namespace, name))

    def all(self):
        with self._lock:
            return dict(self._all)

    def made(self, namespace, name):
        """Like a look at FATE 1.x's table: one that is not there is there afterwards, empty."""
        with self._lock:
            return self._all.setdefault((namespace, name), Table())

    def delete(self, namespace, name):
        with self._lock:
            return self._all.pop((namespace, name), None) is not None

    def load(self, namespace, name, text, head, partition, fresh):
        """Reads lines as FATE does: no quotes, tabs are commas, a repeated id overwrites. How many lines it read."""
        lines = [line.replace("\t", ",") for line in text.splitlines() if line.strip()]
        names = lines.pop(0).split(",") if head else ["sid", *(f"x{k}" for k in range(lines[0].count(",")))]
        with self._lock:
            table = Table(names[0], names[1:], partition)
            if not fresh and (namespace, name) in self._all:
                table.rows.update(self._all[namespace, name].rows)
            for line in lines:
                key, *values = line.split(",")
                table.rows[key] = values
            self._all[namespace, name] = table
        return len(lines)
