"""The recipe of docs/classroom.md: a hub on the loopback address, and three students who sign in as a browser does."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from small_course import add_environment, copy_of_the_course, outside, write_notebook

from course_utils import notebooks

RECIPE = notebooks.ROOT / "docs" / "classroom"
SECRET = "one for all of us"
STUDENTS = ("anna", "berta", "carl")


# --- a class -----------------------------------------------------------------------------------------------------


def proxy():
    return shutil.which("configurable-http-proxy")


def works_for_everybody(command):
    """Can another user run this?"""
    nobody = {"user": 30001, "group": 30001, "extra_groups": [], "cwd": "/"}
    try:
        return subprocess.run(command, **nobody, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def python_for_everybody():
    """Return a Python of this version that other users can start as well: ours may lie in somebody's home folder."""
    names = (os.path.realpath(sys.executable), f"/usr/bin/python3.{sys.version_info.minor}")
    for name in names:
        if works_for_everybody([name, "-c", ""]):
            return name
    pytest.skip("no Python of this version is there that another user could start")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Class:
    """A class with its hub, in a folder that other users may pass through."""

    def __init__(self, folder):
        self.separate = os.geteuid() == 0
        self.folder = folder / "class"
        self.folder.mkdir()
        self.folder.chmod(0o711)
        course = copy_of_the_course(folder / "course")
        (course / "README.md").touch()
        shutil.copytree(RECIPE, course / "docs" / "classroom", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.rmtree(course / "data")
        shutil.copytree(notebooks.ROOT / "data", course / "data")
        start = "00_start_here.ipynb"
        shutil.copy(notebooks.FOLDER / start, course / "notebooks" / start)
        with open(course / "notebooks" / "_toc.yml", "a", encoding="utf-8") as toc:
            toc.write('- {file: 00_start_here, number: "0", title: Start, section: "-", part: P}\n')
        add_environment(course, python_for_everybody() if self.separate else sys.executable)
        self.python = course / ".venv" / "bin" / "python"
        if self.separate and not works_for_everybody([self.python, "-c", "import jupyterhub"]):
            pytest.skip("the packages lie in a folder that other users cannot read")
        self.recipe = course / "docs" / "classroom" / "jupyterhub_config.py"
        self.address = f"http://127.0.0.1:{free_port()}"
        self.settings(f'address = "{self.address}"\npassword = "{SECRET}"\nstudents = {list(STUDENTS)}\n')
        (self.folder / "node_modules" / ".bin").mkdir(parents=True)
        (self.folder / "node_modules" / ".bin" / "configurable-http-proxy").symlink_to(proxy())
        (self.folder / "config.py").write_text(
            f"load_subconfig({str(self.recipe)!r})\n"
            f"c.JupyterHub.hub_port = {free_port()}\n"
            f"c.ConfigurableHTTPProxy.api_url = 'http://127.0.0.1:{free_port()}'\n"
        )
        self.process = None

    def settings(self, text):
        path = self.folder / "class.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)

    def start(self):
        log = open(self.folder / "hub.log", "a", encoding="utf-8")
        command = [self.python, "-m", "jupyterhub", "-f", "config.py"]
        with log:
            self.process = subprocess.Popen(command, cwd=self.folder, env=outside(), stdout=log, stderr=log)
        wait_for(self.answers, "the hub does not answer", self.log)

    def answers(self):
        import requests

        assert self.process.poll() is None, self.log()
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.address}/hub/login", timeout=5).status_code == 200

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        self.process.wait(60)

    def log(self):
        return (self.folder / "hub.log").read_text(encoding="utf-8")[-6000:]

    def servers(self):
        """Return the processes of the students: they were started in their folders."""
        return self.processes(self.folder / "students")

    def processes(self, folder):
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if Path(process.cwd()).is_relative_to(folder):
                    found.append(process)
        return found

    def end(self):
        if self.process and self.process.poll() is None:
            self.stop()
        for process in self.processes(self.folder):  # the students' servers, which outlive the hub
            with contextlib.suppress(psutil.Error):
                process.kill()


def wait_for(condition, complaint, log, seconds=180):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := condition():
            return result
        time.sleep(0.3)
    raise AssertionError(f"{complaint} within {seconds} s:\n{log()}")


def send_form(room, page, **fields):
    """Open a page of the hub in a new browser, and send its form. Returns the browser and the page that follows."""
    import requests

    browser = requests.Session()
    browser.get(f"{room.address}/hub/{page}", timeout=30)
    fields["_xsrf"] = browser.cookies.get("_xsrf", path="/hub/")
    return browser, browser.post(f"{room.address}/hub/{page}", data=fields, timeout=60)


class Student:
    """A student at a browser: signs in with name and password, starts the own server, runs cells."""

    def __init__(self, room, name, password=SECRET):
        self.room, self.name = room, name
        self.browser, page = send_form(room, "login?next=/hub/home", username=name, password=password)
        self.signed_in = page.url == f"{room.address}/hub/home"
        if self.signed_in:
            xsrf = {"X-XSRFToken": self.browser.cookies.get("_xsrf", path="/hub/")}
            tokens = f"{room.address}/hub/api/users/{name}/tokens"
            token = self.browser.post(tokens, headers=xsrf, json={}, timeout=30).json()["token"]
            self.headers = {"Authorization": f"token {token}"}

    def ask(self, path, method="GET", body=None):
        import requests

        return requests.request(method, self.room.address + path, headers=self.headers, timeout=120, json=body)

    def open_server(self):
        assert self.ask(f"/hub/api/users/{self.name}/server", "POST").status_code in (201, 202), self.room.log()
        wait_for(
            lambda: self.ask(f"/hub/api/users/{self.name}").json()["servers"].get("", {}).get("ready"),
            f"{self.name}'s server is not ready",
            self.room.log,
        )

    def file(self, name):
        answer = self.ask(f"/user/{self.name}/api/contents/my_course/{name}")
        assert answer.status_code == 200, answer.text
        return nbformat.from_dict(answer.json()["content"])

    def save(self, name, notebook):
        path = f"/user/{self.name}/api/contents/my_course/{name}"
        assert self.ask(path, "PUT", {"type": "notebook", "content": notebook}).status_code == 200

    def open_kernel(self):
        answer = self.ask(f"/user/{self.name}/api/kernels", "POST", {"name": "python3", "path": "my_course/x.ipynb"})
        assert answer.status_code == 201, answer.text
        self.kernel = answer.json()["id"]

    def run(self, source):
        """Run code in the kernel, and return what it printed; an exception as its name and message."""
        import asyncio

        return asyncio.run(self._run(source))

    async def _run(self, source, seconds=300):
        import asyncio

        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        address = self.room.address.replace("http", "ws")
        url = f"{address}/user/{self.name}/api/kernels/{self.kernel}/channels"
        connection = await websocket_connect(HTTPRequest(url, headers=self.headers, connect_timeout=60))
        header = {"msg_id": "1", "msg_type": "execute_request", "username": "", "session": "s", "version": "5.3"}
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await connection.write_message(json.dumps(message))
        text = ""
        while True:
            answer = await asyncio.wait_for(connection.read_message(), seconds)
            assert answer is not None, f"the connection of {self.name}'s kernel broke off"
            answer = json.loads(answer)
            if answer["parent_header"].get("msg_id") != "1":
                continue
            kind, content = answer["msg_type"], answer["content"]
            if kind == "stream":
                text += content["text"]
            elif kind == "error":
                text += f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                connection.close()
                return text

    def run_chapter(self, name, parameters=()):
        """Run a chapter from top to bottom, with what it prints, and save it."""
        notebook = self.file(name)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                if "parameters" in cell.metadata.get("tags", []):
                    cell.source += "".join(f"\n{key} = {value!r}" for key, value in dict(parameters).items())
                cell.outputs = [nbformat.v4.new_output("stream", text=self.run(cell.source))]
        self.save(name, notebook)
        return [cell.outputs[0].text for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def room():
    pytest.importorskip("jupyterhub", reason="JupyterHub is not installed: pip install -r requirements.txt -e '.[hub]'")
    if proxy() is None:
        pytest.skip("configurable-http-proxy is not in the PATH: npm install -g configurable-http-proxy")
    folder = Path(tempfile.mkdtemp(prefix="course-class-"))
    folder.chmod(0o755)  # other users pass through here; pytest's own folders are closed to them
    room = None
    try:
        room = Class(folder)
        room.start()
        yield room
    finally:
        if room:
            room.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def students(room):
    three = [Student(room, name) for name in STUDENTS]
    for student in three:
        student.open_server()
        student.open_kernel()
    return three


# --- three students ----------------------------------------------------------------------------------------------

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the recipe is for Linux"),
]


def test_who_may_sign_in(room):
    assert Student(room, "anna").signed_in
    assert not Student(room, "anna", "a guess").signed_in
    assert not Student(room, "dora").signed_in  # not on the list


def test_three_students_each_run_a_chapter(room, students):
    anna, berta, carl = students
    for student in (anna, berta):
        assert student.run_chapter("00_one.ipynb") == ["", "", "✓ true\n"]
    fast = notebooks.fast_parameters(notebooks.read(notebooks.FOLDER / "00_start_here.ipynb"))
    printed = carl.run_chapter("00_start_here.ipynb", fast)
    assert not [text for text in printed if "Error:" in text]
    assert sum(text.count("✓") for text in printed) > 5


def test_students_cannot_see_one_anothers_files(room, students):
    if not room.separate:
        pytest.skip("only root can give each student a user number of their own")
    anna, berta, _ = students
    numbers = [student.run("import os; print(os.getuid(), os.getgid(), os.getgroups())") for student in students]
    assert len(set(numbers)) == 3 and "0 0" not in " ".join(numbers)
    of_anna = room.folder / "students" / "anna"
    assert (of_anna / "my_course" / "00_one.ipynb").exists()
    server = next(process for process in room.servers() if process.uids().real == of_anna.stat().st_uid)
    for attempt in (
        f"open({str(of_anna / 'my_course' / '00_one.ipynb')!r}).read()",
        f"open({str(of_anna / 'my_course' / 'note.txt')!r}, 'w')",
        f"os.listdir({str(of_anna)!r})",
        f"os.listdir({str(of_anna.parent)!r})",  # not even who is in the class
        f"open({str(room.folder / 'class.toml')!r}).read()",  # the password
        f"open({str(room.folder / 'jupyterhub.sqlite')!r}, 'rb').read()",
        f"open({str(room.folder / 'jupyterhub_cookie_secret')!r}, 'rb').read()",
        f"open('/proc/{server.pid}/environ').read()",  # the token of the server
        f"os.kill({server.pid}, 9)",
        f"open({str(room.recipe)!r}, 'a')",  # the course is there to be read
        "os.setuid(0)",
    ):
        assert berta.run(f"import os; {attempt}").startswith("PermissionError"), attempt
    assert berta.run(f"print(len(open({str(room.recipe)!r}).read()) > 0)") == "True\n"
    for path in ("contents/my_course/00_one.ipynb", "kernels", f"kernels/{anna.kernel}"):
        assert berta.ask(f"/user/anna/api/{path}").status_code == 403
    assert berta.ask("/hub/api/users").status_code == 403


def test_no_program_of_a_student_gets_more_memory_than_the_limit(students):
    grab = "import numpy as np; print(np.ones({}, dtype=np.uint8).nbytes)"
    assert students[0].run(grab.format(1_500_000_000)) == "1500000000\n"
    assert "MemoryError" in students[0].run(grab.format(3_500_000_000))
    assert students[0].run("print('alive')") == "alive\n"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_nothing_is_lost_when_the_hub_restarts(room, students, how):
    for number, student in enumerate(students):
        student.run(f"so_far = {number}")
        notebook = student.file("00_one.ipynb")
        notebook.cells[0].source = f"# {student.name}, before the hub was {how.name}"
        student.save("00_one.ipynb", notebook)
    servers = {process.pid for process in room.servers()}
    room.stop(how)
    room.start()
    assert {process.pid for process in room.servers()} == servers
    for number, student in enumerate(students):
        assert student.run("print(so_far + 1)") == f"{number + 1}\n"
        assert student.file("00_one.ipynb").cells[0].source == f"# {student.name}, before the hub was {how.name}"


def test_a_server_that_is_started_again_keeps_the_students_work(room, students):
    anna = students[0]
    owner = (room.folder / "students" / "anna").stat().st_uid
    before = anna.file("00_one.ipynb").cells[0].source
    assert anna.ask("/hub/api/users/anna/server", "DELETE").status_code in (202, 204)
    wait_for(lambda: not anna.ask("/hub/api/users/anna").json()["servers"], "anna's server does not end", room.log)
    write_notebook(room.recipe.parents[2] / "notebooks" / "00_one.ipynb", "a new edition")
    anna.open_server()
    assert anna.file("00_one.ipynb").cells[0].source == before
    assert (room.folder / "students" / "anna").stat().st_uid == owner
    news = anna.ask("/user/anna/api/contents/my_course/changed_in_the_course.txt").json()["content"]
    assert news.startswith("00_one.ipynb has changed in the course.")


def sign_up(room, name, password):
    fields = {"username": name, "signup_password": password, "signup_password_confirmation": password}
    return send_form(room, "signup", **fields)[1].text


def test_everyone_chooses_a_password_and_is_let_in_by_an_admin(room, students):
    """The last test of this class: the same students and folders, with the sign-in of a real class."""
    pytest.importorskip("nativeauthenticator", reason="pip install -e '.[hub]'")
    room.stop()
    room.settings(f'address = "{room.address}"\nlogin = "native"\nadmins = ["teacher"]\n')
    room.start()
    assert "at least 10 characters" in sign_up(room, "teacher", "short")
    assert "successful" in sign_up(room, "teacher", "a long password")
    assert "has been sent to the admin" in sign_up(room, "berta", "another password")
    assert "went wrong" in sign_up(room, "../class", "another password")
    assert not Student(room, "berta", "another password").signed_in
    teacher = Student(room, "teacher", "a long password")
    assert teacher.browser.get(f"{room.address}/hub/authorize/berta", timeout=30).status_code == 200
    berta = Student(room, "berta", "another password")
    assert berta.signed_in and berta.browser.get(f"{room.address}/hub/authorize", timeout=30).status_code == 403
    assert berta.file("00_one.ipynb").cells == students[1].file("00_one.ipynb").cells


# --- settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ('adress = "http://127.0.0.1:8000"', "there is no setting 'adress'"),
        ('memory_gb = "3"', "memory_gb = '3' must be written like 3.0"),
        ('password = "short"', "choose a password of 8 characters or more"),
        ("", "choose a password of 8 characters or more"),
        ('address = "http://0.0.0.0:8000"\npassword = "long enough"', "is for this machine alone"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(tmp_path, settings, complaint):
    pytest.importorskip("jupyterhub")
    (tmp_path / "class.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "class.toml").chmod(0o600)
    assert complaint in refusal(tmp_path)


def test_a_class_without_settings_or_with_an_open_password_is_refused(tmp_path):
    pytest.importorskip("jupyterhub")
    assert "class.toml is missing: copy" in refusal(tmp_path)
    (tmp_path / "class.toml").write_text('password = "long enough"', encoding="utf-8")
    (tmp_path / "class.toml").chmod(0o644)
    assert "holds a password, and others can read it" in refusal(tmp_path)


def refusal(folder):
    """Start the hub in a folder, and return its one line."""
    command = [sys.executable, RECIPE / "jupyterhub_config.py"]
    run = subprocess.run(command, cwd=folder, env=outside(), capture_output=True, text=True, timeout=60, check=False)
    (line,) = run.stderr.splitlines()
    assert run.returncode == 1
    return line
