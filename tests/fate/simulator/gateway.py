"""rollsite carries calls between the parties' FATE-Flows by its route table; and where a FATE-Flow is called."""

from .web import call, html


class Rollsite:
    """``routes``: the ``route_table`` of its file; ``party``: its own id."""

    def __init__(self, routes, party):
        self.routes, self.party = routes, str(party)

    def __call__(self, request):
        if request.path != "/relay":
            return html(404, "Not Found")
        body = request.json
        own = str(body["party"]) == self.party
        entry = self.routes.get(str(body["party"]), self.routes.get("default", {}))
        found = entry.get("fateflow" if own else "default") or []
        try:
            return call(f"{found[0]['ip']}:{found[0]['port']}", "/party" if own else "/relay", body, 30)
        except (OSError, ValueError, IndexError) as error:
            return {"error": f"no way to party {body['party']}: {error}"}


def inner_door(node):
    """What listens at FATE-Flow's second port, for other parties."""

    def answer(request):
        if request.path != "/party":
            return html(404, "Not Found")
        body = request.json
        return {"answer": node.receive(int(body["party"]), body["op"], body["body"])}

    return answer
