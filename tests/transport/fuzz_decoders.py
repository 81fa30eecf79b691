"""Coverage-guided fuzzing (atheris) of what reads bytes from strangers: frame headers and ClientHellos.

python tests/transport/fuzz_decoders.py -runs=1000000 [CORPUS_FOLDER]      libFuzzer's own options
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["fedwarden.transport"]):
    from fedwarden.transport import frames, sni


def one_input(data: bytes) -> None:
    kind = sni.server_name(data)
    assert isinstance(kind, str) or kind in (sni.NEED_MORE, sni.NOT_TLS)
    try:
        length = frames.header_length(data)
    except frames.BadFrame:
        length = 0
    assert 0 <= length <= frames.MAX_HEADER
    for part in (data, data[4 : 4 + length]):
        try:
            header = frames.decode_header(part)
        except frames.BadFrame:
            continue
        sizes = header.sizes()
        assert len(sizes) <= frames.MAX_ARRAYS and all(0 <= size < 2**196 for size in sizes)
        assert len(header.tag) <= frames.MAX_TAG and header.seq >= 0
        assert not sizes or header.kind == frames.DATA


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
