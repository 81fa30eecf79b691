"""One prediction at the guest's agent. Imports little: ``script.py predict`` must be quick."""

from __future__ import annotations

import msgspec

from fedwarden.common.api import PredictAnswer, PredictRequest
from fedwarden.common.errors import LinkError
from fedwarden.identity.contexts import Credentials, client_context
from fedwarden.identity.https import ControlClient

#: Longer than the time a guest gives its hosts, so that the guest's own answer arrives.
SECONDS = 6.0


def predict(
    host: str, port: int, party: int, fingerprint: str, credentials: Credentials, request: PredictRequest
) -> PredictAnswer:
    """Raises the agent's own error (its retcode is the prediction's), LinkError, IdentityError."""
    context = client_context(*credentials)
    client = ControlClient(host, port, context, party=party, fingerprint=fingerprint, timeout=SECONDS)
    answer = client.call("POST", "/v1/predict", request)
    try:
        return msgspec.convert(answer, PredictAnswer)
    except msgspec.ValidationError:
        # the validation error would quote the answer
        raise LinkError("FW-LINK-005", party=party, address=client.address, why="no prediction") from None
