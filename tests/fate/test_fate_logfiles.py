"""FATE's archive of logs: the reason is found in it, whatever else it holds."""

import gzip
import io
import tarfile

from fedwarden.engines.fate import logfiles

PLACE = "202611/host/2/model_0"


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    return out.getvalue()


def test_the_last_error_of_the_right_role_is_the_reason():
    raw = archive(
        {
            f"{PLACE}/ERROR": b"[ERROR] ValueError: first\n[ERROR] ValueError: label is empty\n",
            "202611/guest/1/model_0/ERROR": b"KeyError: of another party\n",
            f"{PLACE}/INFO": b"OSError: not in a file of errors\n",
        }
    )
    assert logfiles.last_error(raw, "host", 2, "model_0") == "ValueError: label is empty"


def test_what_is_cut_off_or_no_archive_gives_what_was_readable():
    raw = archive({f"{PLACE}/ERROR": b"ValueError: found\n", f"{PLACE}/std.log": bytes(range(256)) * 4096})
    assert logfiles.last_error(raw[: len(raw) - 30], "host", 2, "model_0") == "ValueError: found"
    assert logfiles.last_error(b"no archive", "host", 2, "model_0") == ""
    assert logfiles.last_error(gzip.compress(b"no tar"), "host", 2, "model_0") == ""


def test_an_archive_that_unpacks_without_end_is_read_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(logfiles, "TOTAL", 1 << 20)
    files = {f"{PLACE}/ERROR": b"ValueError: found\n"}
    files |= {f"{PLACE}/std{k}": b"\0" * (1 << 19) for k in range(8)}
    files |= {f"{PLACE}/std_late": b"ValueError: beyond the bound\n"}
    assert logfiles.last_error(archive(files), "host", 2, "model_0") == "ValueError: found"
