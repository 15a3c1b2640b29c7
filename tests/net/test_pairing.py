"""Trust between boards: provisioning, pairing by hand, and what ends it (contract section 4)."""
import signal
import socket
import stat

from lab import wait_for
from paired_lab import Waiting, introduce, net  # noqa: F401 (fixture)
from control_lab import fails, moves_on
from wire import Capture


def pair_by_hand(source, sink):
    """Both windows open, the numbers compared, and confirmed at both ends."""
    at_sink = Waiting(sink, "pair", open=60)
    wait_for(lambda: any(note.get("state") for note in at_sink.notes) or at_sink.thread.is_alive(), 2, "the window")
    at_source = Waiting(source, "pair", peer=sink.name)
    number = at_source.number()
    assert at_sink.number() == number and len(number) == 6
    assert source.ctl("pair", "--confirm", number).stdout == f"{sink.name}: confirmed\n"
    assert at_source.result is None, "one confirmation is none"
    sink.ctl("pair", "--confirm", number)
    assert at_source.wait().result["result"] == at_sink.wait().result["result"] == "paired"


def test_provisioned_boards_play_inside_tls(net):
    fails(net.desk.ctl("connect", "Lobby", check=False), 1, 'not paired; run wfdctl pair "Lobby"')
    introduce(net.desk, net.lobby)
    assert net.desk.paired_peers() == {"Lobby"}
    with Capture(net.desk.node.space) as capture:
        assert net.desk.ctl("connect", "Lobby").stdout == "Lobby: playing\n"
        moves_on(net.lobby)
        heard = b"".join(frame.payload for frame in capture.read() if 7236 in (frame.source_port, frame.target_port)
                         and frame.protocol == socket.IPPROTO_TCP)
    assert heard and b"RTSP" not in heard and b"wfd_" not in heard
    assert net.lobby.ask("peers")[0]["paired"] is True
    net.desk.ctl("disconnect", "Lobby")


def test_connect_waits_until_a_board_is_known_by_its_signature(net):
    """Trusted this moment, or started again this moment: its next signature is still to come."""
    net.lobby.trust(net.desk)
    net.desk.trust(net.lobby)
    assert net.desk.ctl("connect", "Lobby").stdout == "Lobby: playing\n"
    for _ in range(2):
        net.lobby.kill()
        net.lobby.start()
        assert net.desk.ctl("connect", "Lobby").stdout == "Lobby: playing\n"
        moves_on(net.lobby)


def test_the_policy_connects_those_who_are_paired(net):
    net.desk.ctl("set", "source.connect=paired")
    introduce(net.desk, net.lobby)
    net.desk.wait_state("Lobby", "playing")
    assert "Bar" not in net.desk.session_states()
    net.lobby.kill()
    net.lobby.start()
    wait_for(lambda: net.lobby.session_states().get("Desk") == "playing", 10, "it plays again after a crash")


def test_trusted_d_is_read_again_on_sighup(net):
    for board, other in ((net.desk, net.lobby), (net.lobby, net.desk)):
        (board.provisioned / "fleet.pub").write_text(f"# the fleet\n{other.line}\nnonsense\n")
        board.process.send_signal(signal.SIGHUP)
    wait_for(lambda: net.desk.paired_peers() == {"Lobby"}, 5, "Lobby is paired")
    assert "fleet.pub:3: " in net.desk.log_text()
    assert net.desk.ask("paired")[0]["origin"] == "trusted.d"
    fails(net.desk.ctl("unpair", "Lobby", check=False), 1, "remove its line there")
    net.desk.ctl("connect", "Lobby")
    (net.desk.provisioned / "fleet.pub").unlink()
    net.desk.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "Lobby" not in net.desk.session_states(), 2, "its session has ended")


def test_pairing_by_hand(net):
    pair_by_hand(net.desk, net.lobby)
    for board, other in ((net.desk, "Lobby"), (net.lobby, "Desk")):
        wait_for(lambda: board.pairings() == {other: "trusted"}, 5, f"{board.name} trusts {other}")
    wait_for(lambda: net.desk.paired_peers() == {"Lobby"}, 5, "known by its signature")
    net.desk.ctl("connect", "Lobby")
    for board in (net.desk, net.lobby):
        state = board.directory / "state"
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in state.iterdir()} == {0o600}


def test_nothing_happens_outside_the_window(net):
    at_source = Waiting(net.desk, "pair", peer="Lobby")
    wait_for(lambda: "not from a source that may show here" in net.lobby.log_text(), 5, "it was invited")
    assert net.lobby.pairings() == {} and not any("number" in note for note in at_source.notes)


def test_the_third_refusal_closes_the_windows(net):
    at_sink = Waiting(net.lobby, "pair", open=60)
    at_source = Waiting(net.desk, "pair", peer="Lobby")
    seen = 0
    for _ in range(3):
        wait_for(lambda: sum("number" in note for note in at_sink.notes) > seen, 10, "the next number")
        seen = sum("number" in note for note in at_sink.notes)
        net.lobby.ctl("pair", "--refuse")
    assert "refused" in at_sink.wait().error and "refused" in at_source.wait().error
    assert net.desk.pairings() == net.lobby.pairings() == {}


def test_a_button_answers_for_the_person(net):
    """security.pairing_command gets number and name; its exit code is the answer."""
    told, pressed = net.lab.directory / "told", net.lab.directory / "pressed"
    net.lobby.stop()
    net.lobby.settings["security.pairing_command"] = f"f() {{ printf '%s|' \"$@\" >>{told}; test -e {pressed}; }}; f"
    net.lobby.start()
    wait_for(lambda: len(net.desk.ask("peers")) == 2, 5, "it is in reach again")
    Waiting(net.lobby, "pair", open=60)
    at_source = Waiting(net.desk, "pair", peer="Lobby")
    first = at_source.number()
    wait_for(lambda: any("refused at the other end" in note.get("reason", "") for note in at_source.notes), 5, "no button")
    pressed.touch()
    second = wait_for(lambda: (n := at_source.number()) != first and n, 5, "the next number")
    net.desk.ctl("pair", "--confirm", second)
    assert at_source.wait().result["result"] == "paired"
    assert told.read_text() == f"{first}|Desk|{second}|Desk|"


def test_a_window_closes_by_itself(net):
    assert "the time is over" in Waiting(net.lobby, "pair", open=1).wait(3).error


def test_a_wrong_number_refuses(net):
    at_sink = Waiting(net.lobby, "pair", open=60)
    at_source = Waiting(net.desk, "pair", peer="Lobby")
    number = at_sink.number()
    wrong = f"{(int(number) + 1) % 1000000:06}"
    fails(net.lobby.ctl("pair", "--confirm", wrong, check=False), 1, "not the number shown here")
    wait_for(lambda: any("refused at the other end" in note.get("reason", "") for note in at_source.notes), 5,
             "the source has heard of it")


def test_unpairing_ends_the_session_at_once(net):
    introduce(net.desk, net.lobby)
    for board, other in ((net.desk, net.lobby), (net.lobby, net.desk)):
        net.desk.ctl("connect", "Lobby")
        assert board.ctl("unpair", other.name).stdout == f"{other.name}: unpaired\n"
        for one in (net.desk, net.lobby):
            wait_for(lambda: one.session_states() == {}, 2, f"no session at {one.name}")
        fails(board.ctl("unpair", other.name, check=False), 1, "no paired board matches")
        net.desk.ctl("disconnect", "Lobby", check=False)
        board.trust(other)
        wait_for(lambda: net.desk.paired_peers() == {"Lobby"}, 5, "paired again")
        wait_for(lambda: [p["state"] for p in net.desk.ask("peers") if p["name"] == "Lobby"] == ["available"], 5, "free")


def test_rights_are_asked(net):
    net.desk.trust(net.lobby, "--rights", "may-input")
    net.lobby.trust(net.desk)
    fails(net.desk.ctl("connect", "Lobby", check=False), 1, "not paired")
    net.desk.trust(net.lobby)
    net.lobby.trust(net.desk, "--rights", "may-watch")
    wait_for(lambda: net.desk.paired_peers() == {"Lobby"}, 5, "it may watch")
    net.desk.ctl("connect", "--no-wait", "Lobby")
    wait_for(lambda: "not from a source that may show here" in net.lobby.log_text(), 5, "it was invited")
    assert net.lobby.session_states() == {}


def test_a_kill_at_any_moment_heals(net):
    """Killed after both have confirmed, before the pairing was proven; a session later makes it whole."""
    at_sink = Waiting(net.lobby, "pair", open=60)
    at_source = Waiting(net.desk, "pair", peer="Lobby")
    number = at_source.number()
    at_sink.number()
    net.desk.ctl("pair", "--confirm", number)
    net.lobby.ctl("pair", "--confirm", number)
    net.lobby.kill()
    at_source.wait()
    net.lobby.start()
    if {} in (net.lobby.pairings(), net.desk.pairings()):  # killed before both had written
        assert "trusted" not in {**net.lobby.pairings(), **net.desk.pairings()}.values()
        wait_for(lambda: "Lobby" in [peer["name"] for peer in net.desk.ask("peers")], 10, "it is in reach again")
        pair_by_hand(net.desk, net.lobby)
    net.desk.ctl("connect", "Lobby")
    for board, other in ((net.desk, "Lobby"), (net.lobby, "Desk")):
        assert board.pairings() == {other: "trusted"}


def test_a_cloned_identity_is_refused(net):
    introduce(net.desk, net.lobby)
    clone = net.lab.directory / "bar-sink" / "state"
    net.bar.stop()
    (clone / "identity").write_bytes((net.lobby.directory / "state" / "identity").read_bytes())
    net.bar.start()
    fails_so = lambda: "cloned identity" in net.desk.ctl("connect", "Lobby", check=False).stderr
    wait_for(fails_so, 20, "the clone is seen")
    assert net.desk.paired_peers() == set()


def test_state_that_cannot_be_written_is_said(net):
    net.bar.stop()
    net.bar.settings["state.directory"] = "/proc/nothing"
    net.bar.start()
    assert any("temporary" in warning for warning in net.bar.status()["warnings"])
    assert "temporary" in net.bar.ctl("identity").stdout
    (net.bar.provisioned / "fleet.pub").write_text(net.desk.line)
    net.bar.process.send_signal(signal.SIGHUP)
    wait_for(lambda: [row["origin"] for row in net.bar.ask("paired")] == ["trusted.d"], 5, "trusted.d counts all the same")
