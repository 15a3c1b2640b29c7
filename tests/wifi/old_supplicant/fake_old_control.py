"""A fake of an older wpa_supplicant: fake_old_control.py REAL FAKE. For each control socket in the folder REAL there is one of
the same name in FAKE. All goes through to the real one and back, but for the commands that are not to be known."""
import pathlib
import selectors
import socket
import sys

# Made from wpa_supplicant's ChangeLog, not from a run of such a version: what came after 2.0, or only with a build option.
ANSWERS = {b"GET ": b"FAIL\n", b"SET ip_addr_": b"FAIL\n", b"P2P_INVITE persistent": b"UNKNOWN COMMAND\n",
           b"WFD_SUBELEM_SET 7": b"UNKNOWN COMMAND\n", b"WFD_SUBELEM_SET 11": b"UNKNOWN COMMAND\n",
           b"P2P_FLUSH": b"UNKNOWN COMMAND\n"}


class Mirror:
    """One control socket; each client has its own connection to the real one, for its answers and events."""
    number = 0

    def __init__(self, selector, real, fake):
        self.selector, self.real, self.fake, self.clients = selector, real, fake, {}
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.listener.bind(str(fake))
        selector.register(self.listener, selectors.EVENT_READ, self.asked)

    def asked(self):
        command, client = self.listener.recvfrom(65536)
        print(f"{self.fake.name}: {command.decode(errors='backslashreplace')}", flush=True)
        for start, answer in ANSWERS.items():
            if command.startswith(start):
                return self.listener.sendto(answer, client)
        if client not in self.clients:
            Mirror.number += 1
            upstream = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            upstream.bind(f"{self.fake.parent}.{Mirror.number}")
            upstream.connect(str(self.real))
            self.clients[client] = upstream
            self.selector.register(upstream, selectors.EVENT_READ, lambda: self.told(upstream, client))
        return self.clients[client].send(command)

    def told(self, upstream, client):
        try:
            self.listener.sendto(upstream.recv(65536), client)
        except OSError:  # it has gone
            self.selector.unregister(upstream)
            upstream.close()
            self.clients.pop(client, None)

    def close(self):
        self.fake.unlink()
        for one in self.listener, *self.clients.values():
            self.selector.unregister(one)
            one.close()


def main(real, fake):
    fake.mkdir()
    selector, mirrors = selectors.DefaultSelector(), {}
    while True:
        names = {path.name for path in real.iterdir()}
        for name in names - mirrors.keys():
            mirrors[name] = Mirror(selector, real / name, fake / name)
        for name in mirrors.keys() - names:
            mirrors.pop(name).close()
        for key, _ in selector.select(0.05):  # groups come and go
            if key.fileobj.fileno() >= 0:
                key.data()


main(*map(pathlib.Path, sys.argv[1:]))
