"""Everything of an agent that answers with models, put together."""

from __future__ import annotations

from fedwarden.common.api import Binding, BindRequest
from fedwarden.identity.revocation import RevocationBook
from fedwarden.party.audit import AuditLog
from fedwarden.party.home import Home
from fedwarden.party.membership.peers import PeerBook
from fedwarden.party.models.bindings import BindingBook
from fedwarden.party.models.host_client import HostClients
from fedwarden.party.models.limits import Counters, Gate
from fedwarden.party.models.partial import PartialScores
from fedwarden.party.models.parts import ModelShelf
from fedwarden.party.models.predict import Predictor
from fedwarden.party.policy.rules import PolicyBook
from fedwarden.party.serving.calls import Serving
from fedwarden.party.tables.datasets import DatasetRegistry
from fedwarden.party.tables.row_lookup import RowBook


class Publishing:
    def __init__(
        self,
        home: Home,
        party: int,
        peers: PeerBook,
        datasets: DatasetRegistry,
        policy: PolicyBook,
        revoked: RevocationBook,
        audit: AuditLog,
    ) -> None:
        self.hosts = HostClients(home, party, peers, revoked)
        self.shelf = ModelShelf(home)
        self.bindings = BindingBook(home, self.shelf)
        self.counters = Counters(home)
        gate = Gate(party, policy, self.counters)
        self.rows = RowBook(home, datasets)
        self.partials = PartialScores(party, peers, self.shelf, self.rows, self.counters, gate, policy)
        self.predictor = Predictor(
            party,
            self.shelf,
            self.bindings,
            self.rows,
            self.partials,
            self.hosts,
            self.counters,
            gate,
        )
        self.serving = Serving(self.predictor, gate, audit)

    def bind(self, request: BindRequest) -> Binding | None:
        before = self.bindings.bind(request)
        self._warm([request.model_version])
        return before

    def warm(self) -> None:
        """At start: the tables of every bound model are read ahead, in the background."""
        self._warm([binding.model_version for binding in self.bindings.all()])

    def _warm(self, versions: list[str]) -> None:
        wanted = {part.dataset_id: None for version in versions for part in self.shelf.of(version)}
        if wanted:
            self.rows.warm(list(wanted))

    def close(self) -> None:
        self.serving.close()
        self.predictor.close()
        self.counters.close()
