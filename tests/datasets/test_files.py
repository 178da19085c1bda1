"""Finding, downloading, verifying and reading files.

No test speaks to another computer: the downloads come from a web server that the test itself starts (http_server.py).
"""

import io
import os
import socket
import subprocess
import sys
import threading
import traceback
import zipfile

import numpy as np
import pytest

from course_utils import datasets
from course_utils.datasets import files

from .helpers import BODY, PATH, ROOT, catalogue_module, sha256
from .http_server import serving


def files_in(folder):
    return [path for path in folder.rglob("*") if not path.is_dir()]


def test_a_file_in_course_data_dir_needs_no_network(use_catalogue, mirror, cache):
    use_catalogue(content=b"the official file, which has another checksum than the one in the mirror")
    assert datasets.fetch("tiny") == mirror / PATH
    assert datasets.status("tiny") == "in COURSE_DATA_DIR"
    assert not cache.exists()


SUM = sha256(BODY)
LINES = {
    "sha256sum": f"{SUM}  {PATH}\n",
    "binary mode": f"{SUM} *{PATH}\n",
    "upper case, CRLF": f"{SUM.upper()}  {PATH}\r\n",
    "old Macintosh": f"{sha256(b'x')}  other\r{SUM}  ./{PATH}\r",
    "tabs": f"{SUM}\t{PATH}\t\n",
    "spaces around": f"   {SUM}    ./{PATH}   \n",
    "backslashes": f"{SUM}  .\\{PATH.replace('/', chr(92))}\n",
    "quotes": f'"{SUM}","{PATH}"\n',
    "BSD": f"SHA256 ({PATH}) = {SUM}\n",
    "BSD with ./": f"SHA256 (./{PATH}) = {SUM}\n",
    "OpenSSL": f"SHA2-256({PATH})= {SUM}\n",
    "Get-FileHash": f"Algorithm  Hash  Path\n\nSHA256  {SUM.upper()}  D:\\Åke\\data\\{PATH.replace('/', chr(92))}\n",
    "a folder above": f"{SUM}  datasets/{PATH}\n",
    "twice": f"{SUM}  {PATH}\n{SUM.upper()} *./{PATH}\n",
    "comments, blank lines": f"# les données\n\n\n{SUM}  {PATH}\n\n",
    "no end of line": f"{SUM}  {PATH}",
}  # fmt: skip
CODES = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "mac-roman"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_what_peoples_tools_write_into_sha256sums_is_understood(use_catalogue, mirror, line, code):
    use_catalogue()
    (mirror / "SHA256SUMS").write_bytes(line.encode(code))
    assert datasets.fetch("tiny") == mirror / PATH


@pytest.mark.parametrize("code", CODES)
def test_a_wrong_checksum_is_noticed_in_every_code(use_catalogue, mirror, code):
    use_catalogue()
    (mirror / "SHA256SUMS").write_bytes(f"# données\n{sha256(b'x')}  {PATH}\n".encode(code))
    with pytest.raises(datasets.DatasetCorrupt, match="is damaged or was replaced"):
        datasets.fetch("tiny")


OTHER_LINES = {
    "another file of the same name": f"{SUM}  tiny/old-tiny.npz\n{SUM}  other-{PATH}\n{SUM}  tiny.npz\n",
    "SHA-512": f"{SUM}{SUM}  {PATH}\n",
    "SHA-512 of BSD": f"SHA512 ({PATH}) = {SUM}{SUM}\n",
    "MD5": f"{SUM[:32]}  {PATH}\n",
    "cut short": f"{SUM[:63]}  {PATH}\n",
    "a path cut short by a table": f"SHA256  {SUM}  C:\\data\\tiny\\ti...\n",
    "empty": "",
}


@pytest.mark.parametrize("lines", OTHER_LINES.values(), ids=OTHER_LINES)
def test_what_does_not_vouch_for_the_file_is_not_taken_for_it(use_catalogue, mirror, lines):
    use_catalogue()
    (mirror / "SHA256SUMS").write_text(lines)
    with pytest.raises(datasets.DatasetCorrupt, match="has no line with a SHA-256 for it") as error:
        datasets.fetch("tiny")
    assert str(mirror / "SHA256SUMS") in str(error.value) and str(mirror / PATH) in str(error.value)


def test_two_different_checksums_for_one_file_are_refused(use_catalogue, mirror):
    use_catalogue()
    (mirror / "SHA256SUMS").write_text(f"{SUM}  {PATH}\n{sha256(b'x')}  {PATH}\n")
    with pytest.raises(datasets.DatasetCorrupt, match="has 2 different lines for it"):
        datasets.fetch("tiny")


def test_random_bytes_for_sha256sums_are_one_clear_line(use_catalogue, mirror):
    use_catalogue()
    (mirror / "SHA256SUMS").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(datasets.DatasetCorrupt, match="has no line with a SHA-256 for it"):
        datasets.fetch("tiny")


def unreadable(path, *_, **__):
    raise PermissionError(13, "Permission denied", str(path))


def test_a_file_that_may_not_be_read_is_named(use_catalogue, mirror, monkeypatch):
    use_catalogue()
    monkeypatch.setattr(files, "_has_checksum", unreadable)
    with pytest.raises(datasets.DatasetCorrupt, match="tiny.npz cannot be read: Permission denied"):
        datasets.fetch("tiny")


def test_a_cached_file_that_may_not_be_read_is_as_good_as_none(use_catalogue, cache, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    use_catalogue()
    (cache / PATH).parent.mkdir(parents=True)
    (cache / PATH).write_bytes(BODY)
    monkeypatch.setattr(files, "_has_checksum", unreadable)
    assert datasets.status("tiny") == "not here"
    with pytest.raises(datasets.DatasetUnavailable, match=r"tiny.npz cannot be read \(Permission denied\)"):
        datasets.fetch("tiny")


def test_a_larger_npz_file_is_described(use_catalogue, mirror_of):
    images = np.zeros((50, 64, 64, 3), dtype=np.uint8)
    use_catalogue()
    mirror = mirror_of({PATH: {"train_images": images, "ids": np.arange(50)}})
    with pytest.raises(datasets.DatasetCorrupt) as error:
        datasets.fetch("tiny")
    message = str(error.value)
    assert f"{mirror / PATH} has " in message and "expected at most 8192. " in message
    assert "It holds train_images (uint8 (50, 64, 64, 3): 64 x 64 pixels in colour), ids (int64 (50,)). " in message
    assert message.endswith("Expected is Tiny (1 row; 1 column), from https://127.0.0.1:1/tiny.npz")


def break_content(mirror):
    (mirror / PATH).write_bytes(BODY[:-1] + b"?")


def break_line(mirror):
    (mirror / "SHA256SUMS").write_text(f"{sha256(BODY)}  ./tiny/other.npz\n")


def remove_sums(mirror):
    (mirror / "SHA256SUMS").unlink()


def too_large(mirror):
    (mirror / PATH).write_bytes(BODY * 3)
    (mirror / "SHA256SUMS").write_text(f"{sha256(BODY * 3)}  ./{PATH}\n")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (break_content, "is damaged or was replaced"),
        (break_line, "has no line with a SHA-256 for it"),
        (remove_sums, "has no line with a SHA-256 for it"),
        (too_large, "expected at most"),
    ],
)
def test_a_wrong_file_in_course_data_dir_is_refused_not_replaced(use_catalogue, mirror, cache, damage, message):
    damage(mirror)
    with serving(BODY) as server:
        use_catalogue(server.address)
        with pytest.raises(datasets.DatasetCorrupt, match=message) as error:
            datasets.fetch("tiny")
        assert server.requests == 0
    assert str(mirror / PATH) in str(error.value)
    assert datasets.status("tiny") == "damaged"


def test_course_data_dir_must_be_a_folder(use_catalogue, monkeypatch, tmp_path):
    use_catalogue()
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="COURSE_DATA_DIR must name a folder, got '.*nowhere'"):
        datasets.fetch("tiny")


def test_a_cached_file_is_verified_every_time(use_catalogue, cache, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    use_catalogue()
    (cache / PATH).parent.mkdir(parents=True)
    (cache / PATH).write_bytes(BODY)
    assert datasets.fetch("tiny") == cache / PATH
    assert datasets.status("tiny") == "cached"
    (cache / PATH).write_bytes(BODY[:-1])
    assert datasets.status("tiny") == "not here"
    with pytest.raises(datasets.DatasetUnavailable, match="tiny.npz is damaged"):
        datasets.fetch("tiny")


def test_course_data_dir_comes_before_the_cache_and_the_cache_before_the_network(use_catalogue, mirror, cache):
    with serving(BODY) as server:
        use_catalogue(server.address)
        (cache / PATH).parent.mkdir(parents=True)
        (cache / PATH).write_bytes(BODY)
        assert datasets.fetch("tiny") == mirror / PATH
        (mirror / PATH).unlink()
        assert datasets.fetch("tiny") == cache / PATH
        assert server.requests == 0


# --- downloaded


def test_a_download_is_verified_cached_and_moved_into_place_in_one_step(use_catalogue, cache):
    seen = []
    with serving(BODY, while_sending=lambda: seen.append((cache / PATH).exists())) as server:
        use_catalogue(server.address)
        assert datasets.status("tiny") == "not here"
        assert datasets.fetch("tiny") == cache / PATH
        assert (cache / PATH).read_bytes() == BODY
        datasets.fetch("tiny")
        assert server.requests == 1
    assert seen == [False]
    assert files_in(cache) == [cache / PATH]
    assert datasets.status("tiny") == "cached"


def test_a_damaged_file_in_the_cache_is_downloaded_again(use_catalogue, cache):
    (cache / PATH).parent.mkdir(parents=True)
    (cache / PATH).write_bytes(b"half a download of long ago")
    with serving(BODY) as server:
        use_catalogue(server.address)
        assert datasets.fetch("tiny").read_bytes() == BODY


@pytest.mark.parametrize(
    ("behaviour", "body", "message"),
    [
        ("truncated", BODY, "IncompleteRead"),
        ("stalled", BODY, "timed out"),
        ("endless", BODY, "more bytes than the data set has"),
        ("missing", BODY, "404"),
        ("good", b"<html>Please log in to the hospital's network</html>", "does not match"),
    ],
)
def test_a_failed_download_leaves_nothing_behind(use_catalogue, cache, monkeypatch, behaviour, body, message):
    monkeypatch.setattr(files, "STALL_SECONDS", 0.3)
    with serving(body, behaviour) as server:
        use_catalogue(server.address)
        with pytest.raises(datasets.DatasetUnavailable, match=message):
            datasets.fetch("tiny")
        assert server.requests == 1
    assert files_in(cache) == []


def test_the_file_that_was_there_survives_a_failed_download(use_catalogue, cache):
    (cache / PATH).parent.mkdir(parents=True)
    (cache / PATH).write_bytes(b"damaged, but perhaps of use to its owner")
    with serving(BODY, "truncated") as server:
        use_catalogue(server.address)
        with pytest.raises(datasets.DatasetUnavailable):
            datasets.fetch("tiny")
    assert files_in(cache) == [cache / PATH]


def test_two_processes_that_download_at_once_both_succeed(use_catalogue, cache):
    both_here = threading.Barrier(2, timeout=60)
    program = (
        "import importlib, sys; from pathlib import Path; from course_utils import datasets\n"
        "importlib.import_module('course_utils.datasets.catalogue').CATALOGUE_FILE = Path(sys.argv[1])\n"
        "print(datasets.fetch('tiny').read_bytes() == bytes(range(256)) * 16)"
    )
    with serving(BODY, while_sending=both_here.wait) as server:  # neither ends before the other has begun
        use_catalogue(server.address)
        command = [sys.executable, "-c", program, str(catalogue_module.CATALOGUE_FILE)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
        answers = [process.communicate(timeout=120)[0] for process in running]
    assert answers == ["True\n", "True\n"]
    assert server.requests == 2
    assert files_in(cache) == [cache / PATH]


# --- not to be had


def closed_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def test_without_network_the_error_says_what_was_tried_and_what_to_do(use_catalogue, mirror, cache):
    (mirror / PATH).unlink()
    address = f"http://127.0.0.1:{closed_port()}/tiny.npz"
    use_catalogue(address, instead="breast_cancer")
    with pytest.raises(datasets.DatasetUnavailable) as error:
        datasets.fetch("tiny")
    message = str(error.value)
    assert "'tiny'" in message
    assert f"COURSE_DATA_DIR: there is no {mirror / PATH}" in message
    assert f"the cache: there is no {cache / PATH}" in message
    assert f"{address}: no connection to 127.0.0.1" in message
    assert f"save it as {cache / PATH}" in message
    assert f"'<its SHA-256>  {PATH}' in the file SHA256SUMS" in message
    assert "load_breast_cancer() needs no download" in message


def test_the_sentence_on_another_data_set_is_left_out_where_there_is_none(use_catalogue, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    use_catalogue()
    with pytest.raises(datasets.DatasetUnavailable) as error:
        datasets.fetch("tiny")
    assert "Instead" not in str(error.value)


def test_offline_means_that_the_server_is_not_asked(use_catalogue, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with serving(BODY) as server:
        use_catalogue(server.address)
        with pytest.raises(datasets.DatasetUnavailable, match="not tried, because COURSE_OFFLINE is set"):
            datasets.fetch("tiny")
        assert server.requests == 0
        monkeypatch.setenv("COURSE_OFFLINE", "0")
        assert datasets.fetch("tiny").exists()


def test_a_server_that_does_not_answer_is_given_up(monkeypatch):
    class Connection:
        def close(self):
            pass

    test_ends = threading.Event()

    def answer_too_late(*_, **__):
        test_ends.wait(10)
        return Connection()

    monkeypatch.setattr(files, "CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(files.socket, "create_connection", answer_too_late)
    reached = files._can_connect("127.0.0.1", 1)
    test_ends.set()
    assert reached is False


def test_behind_a_proxy_the_proxy_is_what_must_answer(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.hospital.example:3128")
    assert files._first_host("https://zenodo.org/file") == ("proxy.hospital.example", 3128)
    monkeypatch.setenv("no_proxy", "zenodo.org")
    assert files._first_host("https://zenodo.org/file") == ("zenodo.org", 443)


@pytest.mark.parametrize(
    ("proxy", "place"),
    [
        ("proxy.hospital.example", ("proxy.hospital.example", 80)),
        ("https://proxy", ("proxy", 443)),
        ("socks5h://proxy", ("proxy", 1080)),
        ("http://anna:1/secret@proxy:3128/", ("proxy", 3128)),
        ("http://anna:at@secret@[::1]:3128", ("::1", 3128)),
    ],
)
def test_the_place_of_a_proxy_is_read_without_its_user(monkeypatch, proxy, place):
    monkeypatch.setenv("https_proxy", proxy)
    assert files._first_host("https://zenodo.org/file") == place


@pytest.mark.parametrize("proxy", ["http://", "http://proxy:port", "http://[::1:9", "http://anna:secret@"])
def test_a_proxy_that_cannot_be_understood_is_one_clear_sentence(monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(ValueError, match="^the proxy setting of this computer cannot be understood$"):
        files._first_host("https://zenodo.org/file")


# --- a cache that cannot be written to


def a_file_in_its_place(cache):
    cache.write_text("not a folder")


def no_permission(cache):
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("the administrator may write everywhere")
    cache.mkdir(mode=0o500)


@pytest.mark.parametrize("make_read_only", [a_file_in_its_place, no_permission])
def test_a_read_only_cache_is_replaced_by_a_temporary_folder_with_a_note(use_catalogue, cache, capsys, make_read_only):
    make_read_only(cache)
    with serving(BODY) as server:
        use_catalogue(server.address)
        path = datasets.fetch("tiny")
        assert path.read_bytes() == BODY and not path.is_relative_to(cache)
        note = capsys.readouterr().out
        assert str(cache) in note and "COURSE_CACHE_DIR" in note
        assert datasets.fetch("tiny") == path  # found again, without a second download
        assert server.requests == 1
        assert capsys.readouterr().out == ""


# --- a computer without a home folder


@pytest.fixture
def homeless(monkeypatch):
    """No HOME, no entry in the list of users, and no folder that a setting names."""
    for variable in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "COURSE_CACHE_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # what it does where nothing is known


def test_without_a_home_folder_a_download_goes_to_a_temporary_folder_with_a_note(
    use_catalogue, homeless, capsys, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    with serving(BODY) as server:
        use_catalogue(server.address)
        assert datasets.status("tiny") == "not here"
        assert datasets.fetch("tiny").read_bytes() == BODY
        note = capsys.readouterr().out
        assert "there is no home folder" in note and "COURSE_CACHE_DIR" in note
        assert datasets.status("tiny") == "cached" and server.requests == 1
    assert not list(tmp_path.glob("~*"))  # nor a folder whose name is "~"


def test_without_a_home_folder_the_error_names_the_other_place(use_catalogue, homeless, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    use_catalogue()
    with pytest.raises(datasets.DatasetUnavailable) as error:
        datasets.fetch("tiny")
    message = str(error.value)
    assert "the cache: this computer names no folder for it" in message and "None" not in message
    assert f"save it as {PATH} in a folder of your own that COURSE_DATA_DIR names" in message


@pytest.mark.parametrize("variable", ["COURSE_CACHE_DIR", "COURSE_DATA_DIR"])
def test_a_home_folder_that_nobody_has_is_one_clear_line(use_catalogue, monkeypatch, tmp_path, variable):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv(variable, "~nobody-has-this-name/data")
    use_catalogue()
    with pytest.raises((ValueError, datasets.DatasetUnavailable), match=r"no folder|must name a folder, got '~nobody"):
        datasets.fetch("tiny")


# --- settings of the network

PROXIES = {
    "dead": {"https_proxy": "http://127.0.0.1:9"},
    "for everything": {"ALL_PROXY": "http://127.0.0.1:9"},
    "no scheme": {"https_proxy": "127.0.0.1:9"},
    "no port": {"https_proxy": "http://127.0.0.1"},
    "a port that is a word": {"https_proxy": "http://127.0.0.1:port"},
    "a port too large": {"https_proxy": "http://127.0.0.1:99999"},
    "two ports": {"https_proxy": "http://127.0.0.1:80:90"},
    "only a scheme": {"https_proxy": "http://"},
    "only a word": {"https_proxy": "none"},
    "a blank": {"https_proxy": " "},
    "an unknown scheme": {"https_proxy": "gopher://127.0.0.1:9"},
    "SOCKS": {"https_proxy": "socks5h://127.0.0.1:9"},
    "half an IPv6 address": {"https_proxy": "http://[::1:9"},
    "a name that no host can have": {"https_proxy": "http://..a..:9"},
    "a label too long": {"https_proxy": f"http://{'a' * 70}:9"},
    "quotes": {"https_proxy": '"http://127.0.0.1:9"'},
    "no_proxy, a star": {"no_proxy": "*"},
    "no_proxy, a network": {"https_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.0/8, ::1/128"},
    "no_proxy, nonsense": {"https_proxy": "http://127.0.0.1:9", "no_proxy": "[,;(*//@:0/99"},
    "certificates nowhere": {"SSL_CERT_FILE": "/nowhere.pem", "REQUESTS_CA_BUNDLE": "/nowhere.pem"},
    "certificates in no folder": {"SSL_CERT_DIR": "/nowhere", "CURL_CA_BUNDLE": "/nowhere.pem"},
}


@pytest.fixture
def fast_failure(monkeypatch):
    monkeypatch.setattr(files, "CONNECT_SECONDS", 0.05)


@pytest.mark.parametrize("reachable", [False, True])
@pytest.mark.parametrize("settings", PROXIES.values(), ids=PROXIES)
def test_no_setting_of_the_network_keeps_a_lab_from_its_embedded_data(
    use_catalogue, monkeypatch, fast_failure, settings, reachable
):
    """The lab catches DatasetUnavailable. Where the first connection succeeds, the failure comes from the download."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    if reachable:
        monkeypatch.setattr(files, "_can_connect", lambda *_: True)
    use_catalogue("https://127.0.0.1:1/tiny.npz", instead="breast_cancer")
    with pytest.raises(datasets.DatasetUnavailable) as error:
        datasets.fetch("tiny")
    assert "Instead, load_breast_cancer() needs no download" in str(error.value)
    assert "127.0.0.1:1/tiny.npz: " in str(error.value)


LAB = """
from course_utils import datasets
try:
    data = datasets.load_pneumoniamnist()
except datasets.DatasetUnavailable as problem:
    assert "Instead, load_brain_lesions() needs no download" in str(problem)
    data = datasets.split_brain_lesions(20, 1)
print(data.name)
"""


def test_a_lab_goes_on_in_a_process_of_its_own():
    """Some settings are read when a package is imported. The port of the proxy is a word, so nothing is reached."""
    settings = PROXIES["certificates nowhere"] | PROXIES["a port that is a word"] | {"COURSE_CACHE_DIR": "/dev/null/x"}
    environment = {name: value for name, value in os.environ.items() if name != "HOME"} | settings
    done = subprocess.run([sys.executable, "-c", LAB], capture_output=True, text=True, cwd=ROOT, env=environment)
    assert (done.stdout, done.stderr) == ("brain_lesions\n", "")


SECRET = "s3cr" + "et"
SECRETS = [
    f"http://anna:{SECRET}@127.0.0.1:9",
    f"anna:{SECRET}@127.0.0.1:9",
    f"http://anna:{SECRET}@127.0.0.1:port",
    f"http://anna:1/{SECRET}@127.0.0.1:9",
    f"http://anna:1@{SECRET}@127.0.0.1:9",
    f"http://anna:x//{SECRET}@127.0.0.1:9",
    f"http://anna:%40{SECRET}@127.0.0.1:9",
    f"http://{SECRET}@127.0.0.1:9",
    f"http://anna:{SECRET}@",
    f"http://anna:{SECRET}#?@127.0.0.1:9",
    f"gopher://anna:{SECRET}@127.0.0.1:9",
    f"socks5://anna:{SECRET}@127.0.0.1:9",
    f"http://anna:{SECRET}@[::1:9",
    f"http://anna: {SECRET}@127.0.0.1:9",
]


@pytest.mark.parametrize("reachable", [False, True])
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize("proxy", SECRETS)
def test_no_secret_is_printed(use_catalogue, monkeypatch, fast_failure, capsys, proxy, variable, reachable):
    monkeypatch.setenv(variable, proxy)
    if reachable:
        monkeypatch.setattr(files, "_can_connect", lambda *_: True)
    use_catalogue("https://127.0.0.1:1/tiny.npz")
    with pytest.raises(datasets.DatasetUnavailable) as error:
        datasets.fetch("tiny")
    shown = "".join(traceback.format_exception(error.value)) + "".join(capsys.readouterr())
    assert SECRET not in shown and "DatasetUnavailable" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Failed to parse: anna:%2F{SECRET}@proxy", False),
        (f"'anna:%2f{SECRET.upper()}' is not a port", False),
        (f"no host /{SECRET}", False),
        ("see http://bob:letmein@host/x", False),
        ("no answer from http://host/y within 3 s; write to anne@host", True),
    ],
)
def test_a_text_with_a_secret_is_not_shown(monkeypatch, text, shown):
    monkeypatch.setenv("HTTPS_PROXY", f"anna:%2F{SECRET}@proxy:3128")
    answer = files.without_secrets(text)
    assert (answer == text) == shown
    assert shown or answer.startswith("(its text is not shown")


# --- names and numbers


@pytest.mark.parametrize("use", [datasets.fetch, datasets.status])
def test_an_unknown_name_is_answered_with_the_nearest(use):
    with pytest.raises(
        ValueError, match=r"name must be one of .*got 'PneumoniaMinst'; did you mean 'pneumoniamnist'\?"
    ):
        use("PneumoniaMinst")
    with pytest.raises(ValueError, match="got 'nosuch'$"):  # nothing is near
        use("nosuch")
    with pytest.raises(TypeError, match="name must be the name of a data set.*got 3"):
        use(3)


@pytest.mark.parametrize("number", [-1, 1])
def test_an_unknown_file_number_is_refused(number):
    with pytest.raises(ValueError, match=f"number must be from 0 to 0, got {number}"):
        datasets.fetch("pneumoniamnist", number)


@pytest.mark.parametrize("number", ["0", 0.0, True, None])
def test_a_file_number_is_a_whole_number(number):
    with pytest.raises(TypeError, match="number must be an integer, got"):
        datasets.fetch("pneumoniamnist", number)


def test_a_file_number_may_be_of_numpy(use_catalogue, mirror):
    use_catalogue()
    assert datasets.fetch("tiny", np.int64(0)) == mirror / PATH


def test_a_set_inside_a_package_has_no_file_to_fetch():
    assert datasets.status("breast_cancer") == "embedded"
    with pytest.raises(ValueError, match=r"Use load_breast_cancer\(\)"):
        datasets.fetch("breast_cancer")


def test_an_embedded_file_lies_beside_the_catalogue(use_catalogue, tmp_path):
    use_catalogue(tier="embedded", path="tiny.npz")
    assert datasets.fetch("tiny") == tmp_path / "tiny.npz"


# --- files that are not what they seem


class MakesAFolder:
    """An object whose unpickling would be seen."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def npy(header_shape, content, dtype="|u1"):
    """The bytes of an .npy file whose header may lie about what follows."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": header_shape})
    return stream.getvalue() + content


def write_zip(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)


EXPECTED = {"x": ("uint8", (4, 3))}


def test_a_sound_file_is_read(tmp_path):
    array = np.arange(12, dtype=np.uint8).reshape(4, 3)
    np.savez_compressed(tmp_path / "a.npz", x=array)
    np.testing.assert_array_equal(files.read_npz(tmp_path / "a.npz", EXPECTED)["x"], array)
    np.savez(tmp_path / "b.npz", x=np.asfortranarray(array))
    np.testing.assert_array_equal(files.read_npz(tmp_path / "b.npz", EXPECTED)["x"], array)


def test_a_pickled_object_is_refused_and_not_run(tmp_path):
    path, trap = tmp_path / "a.npz", tmp_path / "trap"
    np.savez(path, x=np.array([[MakesAFolder(trap)] * 3] * 4, dtype=object))
    with pytest.raises(files.DatasetCorrupt, match="x must be uint8"):
        files.read_npz(path, EXPECTED)
    with pytest.raises(files.DatasetCorrupt, match="allow_pickle=False"):  # not even where an object is expected
        files.read_npz(path, {"x": ("O", (4, 3))})
    assert not trap.exists()
    with np.load(path, allow_pickle=True) as file:  # the trap works
        file["x"]
    assert trap.exists()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("x.npy", npy((4, 3), bytes(12))), ("y.npy", npy((1,), b"1"))], "must hold the arrays x; it holds"),
        ([], "must hold the arrays x"),
        ([("y.npy", npy((4, 3), bytes(12)))], "must hold the arrays x"),
        ([("../x.npy", npy((4, 3), bytes(12)))], "must hold the arrays x"),
        ([("x.npy", npy((3, 4), bytes(12)))], r"x must be uint8 \(4, 3\), got uint8 \(3, 4\)"),
        ([("x.npy", npy((4, 3), bytes(48), "<f4"))], r"x must be uint8 \(4, 3\), got float32 \(4, 3\)"),
        ([("x.npy", npy((10**15,), bytes(12)))], r"x must be uint8 \(4, 3\), got uint8 \(1000000000000000,\)"),
        ([("x.npy", npy((4, 3), bytes(11)))], "not a sound .npz file"),
        ([("x.npy", b"not an array")], "not a sound .npz file"),
        ([("x.npy", b"")], "not a sound .npz file"),
        ([("x.npy", b"\x93NUMPY\x09\x00")], "unknown format version"),
    ],
)
def test_other_arrays_than_expected_are_refused(tmp_path, members, message):
    write_zip(tmp_path / "a.npz", members)
    with pytest.raises(files.DatasetCorrupt, match=message):
        files.read_npz(tmp_path / "a.npz", EXPECTED)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_array_twice_is_refused(tmp_path):
    write_zip(tmp_path / "a.npz", [("x.npy", npy((4, 3), bytes(12)))] * 2)
    with pytest.raises(files.DatasetCorrupt, match="must hold the arrays x"):
        files.read_npz(tmp_path / "a.npz", EXPECTED)


def test_an_array_that_unpacks_to_too_much_is_refused_unread(tmp_path, monkeypatch):
    write_zip(tmp_path / "a.npz", [("x.npy", npy((4, 3), bytes(3_000_000)))])
    assert (tmp_path / "a.npz").stat().st_size < 10_000
    monkeypatch.setattr(np.lib.format, "read_array", lambda *_, **__: pytest.fail("the array was read"))
    with pytest.raises(files.DatasetCorrupt, match="unpacks to 30001.. bytes, expected at most 1036"):
        files.read_npz(tmp_path / "a.npz", EXPECTED)


def test_an_unusual_compression_is_refused(tmp_path):
    write_zip(tmp_path / "a.npz", [("x.npy", npy((4, 3), bytes(12)))], zipfile.ZIP_LZMA)
    with pytest.raises(files.DatasetCorrupt, match="compressed in a way"):
        files.read_npz(tmp_path / "a.npz", EXPECTED)


def test_no_damaged_byte_goes_unnoticed(tmp_path):
    path = tmp_path / "a.npz"
    array = np.arange(12, dtype=np.uint8).reshape(4, 3)
    np.savez_compressed(path, x=array)
    content = path.read_bytes()
    refused = 0
    for position in range(len(content)):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :])
        try:
            read = files.read_npz(path, EXPECTED)["x"]
        except files.DatasetCorrupt:
            refused += 1
        else:  # some bytes, such as those of the date, do not matter
            np.testing.assert_array_equal(read, array)
    assert refused > len(content) / 2


@pytest.mark.parametrize("length", [0, 10, 150, 200])
def test_a_truncated_archive_is_refused(tmp_path, length):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros((4, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(files.DatasetCorrupt, match="not a sound .npz file"):
        files.read_npz(path, EXPECTED)


# --- checksums over arrays


def test_an_array_of_python_objects_has_no_checksum():
    with pytest.raises(TypeError, match="array 'x' holds Python objects"):
        files.array_checksum({"x": np.array([{}, None])})
