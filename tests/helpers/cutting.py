"""A proxy before a Postgres server that cuts connections, or changes bytes, at a chosen moment. Without TLS, so that it can read along."""
import socket
import threading


class Proxy:
    """`on_query(bytes)` and `on_answer(bytes)` see what passes and give what goes on; raising Cut closes the connection at once, Cut(after_answer=True) when
    the server has answered what was just sent; with Cut(lingers=2) the server does not notice for 2 seconds."""

    def __init__(self, port, on_query=None, on_answer=None):
        self.target, self.on_query, self.on_answer = port, on_query or bytes, on_answer or bytes
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self.target))
            pair = Pair(self, client, server)
            for run in (pair.queries, pair.answers):
                threading.Thread(target=run, daemon=True).start()


class Cut(Exception):
    def __init__(self, rest=b"", after_answer=False, lingers=0):
        super().__init__("cut")
        self.rest, self.after_answer, self.lingers = rest, after_answer, lingers


def shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Pair:
    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.swallow = False  # the next answer is the last one, and nobody hears it
        self.lingers = 0

    def close(self):
        shut(self.client)
        if self.lingers:
            threading.Timer(self.lingers, shut, [self.server]).start()
        else:
            shut(self.server)

    def queries(self):
        try:
            while data := self.client.recv(65536):
                try:
                    self.server.sendall(self.proxy.on_query(data))
                except Cut as cut:
                    self.swallow, self.lingers = cut.after_answer, cut.lingers
                    self.server.sendall(cut.rest)
                    if not self.swallow:
                        break
        except OSError:
            pass
        if not self.swallow:
            self.close()

    def answers(self):
        try:
            while data := self.server.recv(65536):
                if self.swallow:
                    break
                self.client.sendall(self.proxy.on_answer(data))
        except OSError:
            pass
        self.close()
