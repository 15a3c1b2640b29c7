"""An ordinary Wi-Fi Display sink, as far as RTSP goes.

Made from descriptions of the protocol (message sequence M1-M8 and the parameters' grammar), not from any sink's
code, and it shares nothing with wfdcast's own sink: no `Wfdcast` header, no `wfdcast_*` parameter, one RTP port
without RTCP. It keeps every message that the source sent, so that a test can look for anything that a television
would not expect.
"""
import re
import socket
import threading
import time

from wire import inside

VIDEO_720P = ("40 00 01 10 000101E1 00000000 00000000 00 0000 0000 00 none none, "
              "02 10 000101E1 00000000 00000000 00 0000 0000 00 none none")
VIDEO_480P = "00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none"  # only 640x480p60


class PlainWfdSink:
    def __init__(self, node, source, video=VIDEO_480P, rtp_port=19000, audio="LPCM 00000002 00, AAC 00000001 00",
                 agent=None, declines="", video2=""):
        self.node, self.source, self.video, self.rtp_port = node, source, video, rtp_port
        self.video2 = video2  # of R2; then it says nothing of R1
        self.audio, self.agent = audio, f"User-Agent: {agent}\r\n" if agent else ""
        self.protection = "none"
        self.declines = declines  # the body of the 303 to the first M4
        self.received = []  # whole messages, in order
        self.transport = None  # of the SETUP answer
        self.ended = None  # why
        self.playing = threading.Event()
        self.stopped = threading.Event()
        self.connection = None
        self.session = None
        self.url = f"rtsp://{source}/wfd1.0/streamid=0"  # until M4 names it
        self.asked = []  # what our requests were, by CSeq
        with inside(node.space):
            self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.rtp.bind(("", rtp_port))
        self.rtp.settimeout(5)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    # A source closes what it has not invited; an ordinary sink tries again.
    def run(self):
        while not self.stopped.is_set() and not self.received:
            with inside(self.node.space):
                self.connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                self.connection.settimeout(1)
                self.connection.connect((self.source, 7236))
                self.connection.settimeout(None)
                self.serve()
                self.ended = "the source closed"
            except OSError as error:
                self.ended = str(error)
            self.connection.close()
            if not self.received:
                time.sleep(0.05)  # a television's pace, not a wait of the test

    def serve(self):
        buffer = b""
        while chunk := self.connection.recv(65536):
            buffer += chunk
            while (end := buffer.find(b"\r\n\r\n")) >= 0:
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", buffer[:end])
                size = end + 4 + (int(length.group(1)) if length else 0)
                if len(buffer) < size:
                    break
                message, buffer = buffer[:size].decode(), buffer[size:]
                self.received.append(message)
                self.handle(message)

    def handle(self, message):
        head, _, body = message.partition("\r\n\r\n")
        method = head.split()[0]
        if method == "RTSP/1.0":
            return self.answered(head)
        sequence = re.search(r"CSeq: *(\d+)", head).group(1)
        if method == "OPTIONS":
            self.send(f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n"
                      f"Public: org.wfa.wfd1.0, GET_PARAMETER, SET_PARAMETER\r\n{self.agent}\r\n")
            return self.ask("OPTIONS", "*", "Require: org.wfa.wfd1.0\r\n")
        if self.declines and "wfd_video_formats: " in body:
            refusal, self.declines = self.declines, ""
            return self.send(f"RTSP/1.0 303 See Other\r\nCSeq: {sequence}\r\nContent-Type: text/parameters\r\n"
                             f"Content-Length: {len(refusal)}\r\n\r\n{refusal}")
        answer = self.capabilities(body.split()) if method == "GET_PARAMETER" else ""
        kind = f"Content-Type: text/parameters\r\nContent-Length: {len(answer)}\r\n" if answer else ""
        self.send(f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n{kind}\r\n{answer}")
        url = re.search(r"wfd_presentation_URL: *(\S+)", body)
        if url:
            self.url = url.group(1)
        trigger = re.search(r"wfd_trigger_method: *(\w+)", body)
        if trigger:
            self.follow(trigger.group(1))

    def follow(self, trigger):
        extra = f"Session: {self.session}\r\n" if self.session else ""
        if trigger == "SETUP":
            extra = f"Transport: RTP/AVP/UDP;unicast;client_port={self.rtp_port}\r\n"
        self.ask(trigger, self.url, extra)

    def answered(self, head):
        asked = self.asked[int(re.search(r"CSeq: *(\d+)", head).group(1)) - 1]
        if asked == "SETUP":
            self.transport = re.search(r"Transport: *(.*)", head).group(1).strip()
            self.session = re.search(r"Session: *([^;\r\n]+)", head).group(1)
            self.ask("PLAY", self.url, f"Session: {self.session}\r\n")
        elif asked == "PLAY":
            self.playing.set()

    def capabilities(self, names):
        ours = {"wfd_video_formats": self.video, "wfd_audio_codecs": self.audio,
                "wfd_client_rtp_ports": f"RTP/AVP/UDP;unicast {self.rtp_port} 0 mode=play",
                "wfd_content_protection": self.protection, "wfd_display_edid": "none", "wfd_uibc_capability": "none",
                "wfd_connector_type": "05", "wfd_standby_resume_capability": "none"}
        if self.video2:
            ours = {name: value for name, value in ours.items() if name != "wfd_video_formats"}
            ours["wfd2_video_formats"] = self.video2
        return "".join(f"{name}: {ours[name]}\r\n" for name in names if name in ours)

    def ask(self, method, url, headers):
        self.asked.append(method)
        self.send(f"{method} {url} RTSP/1.0\r\nCSeq: {len(self.asked)}\r\n{headers}\r\n")

    def send(self, message):
        self.connection.sendall(message.encode())

    def chosen(self, mark="wfd_video_formats"):
        """The parameters of each M4, in order; it is one where `mark` is in it."""
        bodies = [message.partition("\r\n\r\n")[2] for message in self.received]
        return [dict(line.split(": ", 1) for line in body.split("\r\n") if ": " in line) for body in bodies
                if f"{mark}: " in body]

    def server_port(self):
        return int(re.search(r"server_port=(\d+)", self.transport).group(1))

    def close(self):
        self.stopped.set()
        if self.connection:
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.thread.join(5)
        self.rtp.close()
