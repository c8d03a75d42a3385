"""Tests of the Python client by itself: no daemon, but sockets and repositories of its own. `python3 -m unittest`, in this folder."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import typing
import unittest
from typing import Callable, List, Optional

import maestro_client
from maestro_client import ERRORS, Maestro, MaestroError, plan_change, socket_path

OK = b"HTTP/1.1 200 OK\r\nmaestro-api: 1\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n" + b'{"status":"ok"}'
STREAM = b"HTTP/1.1 200 OK\r\nmaestro-api: 1\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


def problem(code: str, status: int = 503, more: bytes = b"") -> bytes:
    body = b'{"code":"%s","detail":"said so","retry":true,"status":%d,"request_id":"r1"}' % (code.encode(), status)
    return b"HTTP/1.1 %d x\r\nmaestro-api: 1\r\ncontent-type: application/problem+json\r\n%scontent-length: %d\r\n\r\n%s" % (status, more, len(body), body)


class Fake:
    """A fake daemon: it reads one request a connection and gives the next answer of its list; None cuts the connection."""

    def __init__(self, folder: str, answers: List[Optional[bytes]]) -> None:
        self.path = os.path.join(folder, "s")
        self.asked: List[bytes] = []
        self._answers = answers
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self.path)
        self._server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for answer in self._answers:
            connection, _ = self._server.accept()
            self.asked.append(connection.recv(65536))
            if answer is not None:
                connection.sendall(answer)
            connection.close()
        self._server.close()


class Case(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def fails(self, code: str, work: Callable[[], object]) -> MaestroError:
        with self.assertRaises(MaestroError) as caught:
            work()
        self.assertEqual(caught.exception.code, code)
        return caught.exception


class Transport(Case):
    def test_the_answer_and_what_was_asked(self) -> None:
        fake = Fake(self.folder, [OK])
        self.assertEqual(Maestro(fake.path, token="mcap1.a.b").health(), {"status": "ok"})
        self.assertTrue(fake.asked[0].startswith(b"GET /healthz HTTP/1.1\r\n"))
        self.assertIn(b"maestro-api: 1\r\n", fake.asked[0])
        self.assertIn(b"maestro-capability: mcap1.a.b\r\n", fake.asked[0])

    def test_a_name_in_a_path_cannot_leave_its_segment(self) -> None:
        fake = Fake(self.folder, [OK])
        Maestro(fake.path).findings("../stop?x")
        self.assertTrue(fake.asked[0].startswith(b"GET /v1/gates/..%2Fstop%3Fx/findings "))

    def test_a_busy_daemon_and_a_cut_connection_are_asked_again(self) -> None:
        fake = Fake(self.folder, [problem("request.busy"), None, OK])
        self.assertEqual(Maestro(fake.path).health(), {"status": "ok"})
        self.assertEqual(len(fake.asked), 3)

    def test_what_must_not_happen_twice_is_not_asked_again(self) -> None:
        fake = Fake(self.folder, [None, OK])
        self.fails("daemon.unreachable", lambda: Maestro(fake.path).release({"nonce": "n"}).__next__())
        self.assertEqual(len(fake.asked), 1)

    def test_the_pause_a_tenant_is_asked_for_is_longer_than_its_patience(self) -> None:
        fake = Fake(self.folder, [problem("tenant.rate", 429, b"retry-after: 60\r\n")])
        error = self.fails("tenant.rate", lambda: Maestro(fake.path, patience_s=0.5).health())
        self.assertEqual((error.retry, error.status, error.request_id, error.detail), (True, 429, "r1", "said so"))

    def test_another_version_and_no_daemon(self) -> None:
        fake = Fake(self.folder, [OK.replace(b"maestro-api: 1", b"maestro-api: 2")])
        self.fails("api.version", Maestro(fake.path).health)
        self.fails("daemon.unreachable", Maestro(fake.path, patience_s=0).health)
        self.fails("daemon.unreachable", Maestro(self.folder + "/none").health)

    def test_a_socket_of_somebody_else_or_in_an_open_folder_gets_no_byte(self) -> None:
        fake = Fake(self.folder, [OK])
        os.chmod(self.folder, 0o777)
        self.fails("daemon.foreign_socket", Maestro(fake.path).health)
        os.chmod(self.folder, 0o700)
        plain = os.path.join(self.folder, "plain")
        open(plain, "w").close()
        self.fails("daemon.foreign_socket", Maestro(plain).health)
        if os.getuid() == 0:
            os.chown(fake.path, 12345, 12345)
            self.fails("daemon.foreign_socket", Maestro(fake.path).health)
            self.assertEqual(Maestro(fake.path, trusted_uids=[12345]).health(), {"status": "ok"})
        self.assertLessEqual(len(fake.asked), 1)

    def test_a_stream_that_breaks_off_never_looks_whole(self) -> None:
        line = b'{"event":"progress"}\n'
        whole = STREAM + chunk(line[:7]) + chunk(line[7:] + line) + b"0\r\n\r\n"
        self.assertEqual(len(list(Maestro(Fake(self.folder, [whole]).path).fsck())), 2)
        for broken in (STREAM + chunk(line), STREAM + chunk(line) + chunk(b'{"event"'), STREAM + chunk(line + b'{"e"') + b"0\r\n\r\n"):
            os.unlink(os.path.join(self.folder, "s"))
            events = Maestro(Fake(self.folder, [broken]).path).fsck()
            self.assertEqual(next(events)["event"], "progress")
            with self.assertRaises(MaestroError):
                next(events)

    def test_whatever_a_hostile_daemon_answers_is_an_error_of_ours(self) -> None:
        def body(text: bytes, length: Optional[int] = None) -> bytes:
            return b"HTTP/1.1 200 OK\r\nmaestro-api: 1\r\ncontent-length: %d\r\n\r\n%s" % (len(text) if length is None else length, text)

        answers = [body(b"[" * 200_000), body(b"\xff"), body(b"a 1\n", 400), body(b'{"status":"ok"}', 400)]
        fake = Fake(self.folder, [*answers, *(STREAM + chunk(line) + b"0\r\n\r\n" for line in (b"null\n", b"[1]\n", b"{}\n", b"\xff\n"))])
        maestro = Maestro(fake.path)
        self.fails("worker.protocol", maestro.health)
        self.fails("worker.protocol", maestro.metrics)
        self.fails("daemon.unreachable", maestro.metrics)
        self.fails("daemon.unreachable", maestro.health)
        for _ in range(4):
            self.fails("worker.protocol", lambda: list(maestro.fsck()))

    def test_a_failure_at_the_end_of_a_stream_is_raised(self) -> None:
        fake = Fake(self.folder, [STREAM + chunk(b'{"event":"failure","problem":{"code":"worker.deadline","detail":"late"}}\n') + b"0\r\n\r\n"])
        self.assertTrue(self.fails("worker.deadline", lambda: list(Maestro(fake.path).fsck())).retry)

    def test_names_of_sockets(self) -> None:
        self.assertEqual(socket_path({"MAESTRO_SOCKET": "/a/s", "HOME": "/h"}), "/a/s")
        self.assertEqual(socket_path({"MAESTRO_STATE": "/st"}), "/st/maestrod.sock")
        self.fails("socket.path_too_long", lambda: Maestro("/" + "a" * 107))
        self.fails("cli.usage", lambda: Maestro("relative"))
        self.fails("cli.usage", lambda: Maestro("/s", token="a\r\nb: c"))


class Hints(unittest.TestCase):
    def test_every_hint_names_a_type_that_is_there(self) -> None:
        for name, method in vars(maestro_client._Methods).items():
            if callable(method):
                self.assertIn("return", typing.get_type_hints(method), name)
        dicts = [one for one in vars(maestro_client).values() if isinstance(one, type) and hasattr(one, "__total__")]
        self.assertGreater(len(dicts), 50)
        for one in dicts:
            typing.get_type_hints(one)
        self.assertEqual(typing.get_type_hints(maestro_client.GateResult)["verdict"], typing.Literal["admit", "refuse", "hold"])
        self.assertIn("git.unknown_ref", ERRORS)


class Plan(Case):
    def git(self, *args: str) -> str:
        env = {**os.environ, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": "/dev/null"}
        return subprocess.run(["git", *args], cwd=self.folder, env=env, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode().strip()

    def test_what_is_sent_for_a_change(self) -> None:
        self.git("init", "-q", "-b", "main")
        self.fails("git.unknown_ref", lambda: plan_change(self.folder))
        self.git("commit", "-q", "--allow-empty", "-m", "a")
        base = self.git("rev-parse", "HEAD")
        self.git("switch", "-qc", "topic")
        self.git("commit", "-q", "--allow-empty", "-m", "b")
        plan = plan_change(self.folder)
        self.assertEqual((plan.target_ref, plan.target, plan.head), ("refs/heads/main", base, self.git("rev-parse", "HEAD")))
        self.assertEqual((plan.tips, plan.cuts), ([base, plan.head], [base]))
        body = b"".join(plan.pack())
        self.assertRegex(body, rb"^maestro-pack 1 [1-9][0-9]*\nPACK")
        self.fails("git.unknown_ref", lambda: plan_change(self.folder, head="--all"))
        self.fails("git.not_repository", lambda: plan_change(self.folder + "/none"))

    def test_it_says_whose_word_the_base_is(self) -> None:
        self.fails("cli.usage", lambda: Maestro("/s").gate_change(self.folder))
        self.fails("cli.usage", lambda: Maestro("/s").gate_change(self.folder, repository="a", local=True))


if __name__ == "__main__":
    unittest.main()
