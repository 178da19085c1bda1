"""A web server on this computer that serves one file, well or badly."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def serving(body, behaviour="good", while_sending=lambda: None):
    """Serve `body` under every path. Yields the server; `server.address` is the URL, `server.requests` counts.

    behaviour: "good"; "truncated" (half the body, then the connection is dropped); "stalled" (half the body, then
    silence until the test ends); "endless" (the body again and again); "missing" (404).
    `while_sending` is called when half of the body has been sent.
    """
    test_ends = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests += 1
            if behaviour == "missing":
                self.send_error(404)
                return
            self.send_response(200)
            if behaviour != "endless":
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            half = len(body) // 2
            self.wfile.write(body[:half])
            self.wfile.flush()
            while_sending()
            if behaviour == "truncated":
                return
            if behaviour == "stalled":
                test_ends.wait(20)
                return
            with contextlib.suppress(OSError):  # the other side may hang up
                self.wfile.write(body[half:])
                while behaviour == "endless" and not test_ends.is_set():
                    self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests = 0
    server.address = f"http://127.0.0.1:{server.server_port}/tiny.npz"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        test_ends.set()
        server.shutdown()
        thread.join()
        server.server_close()
