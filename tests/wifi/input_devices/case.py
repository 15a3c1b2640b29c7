"""Keys and fingers on the sink's own devices (evdev) come out of the source's (uinput), in the kernel's own words; nothing
stays pressed when a device is pulled, nor when the session ends."""
import sys

from lab import BIN, ROOT, note, run, wait_for

sys.path.append(str(ROOT / "tests" / "wifi" / "input_devices"))
from evdev import (ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_SLOT, ABS_MT_TRACKING_ID, ABS_Y, BTN_TOUCH,  # noqa: E402
                   EV_ABS, EV_KEY, KEY_A, KEY_B, KEY_LEFTSHIFT, Made, Read, path_of)

SETTINGS = {"source": {"source.input_from": "Sink", "wifi.go_intent": 15},
            "sink": {"sink.input_devices": "/dev/input/event0,/dev/input/event1"}}
MOST = 65535  # of the source's axes


def comes(device, *events):
    wait_for(lambda: device.take()[-len(events):] == list(events) or None, f"{events}; there is {device.events[-12:]}", 10)


def case(lab):
    note(run(BIN / "virtual_input_test"))  # the unit tests that a host without uinput skips
    keyboard = Made("lab keyboard", [KEY_A, KEY_B, KEY_LEFTSHIFT])
    screen = Made("lab touchscreen", [BTN_TOUCH], {ABS_MT_SLOT: 4, ABS_MT_POSITION_X: 1919, ABS_MT_POSITION_Y: 1079,
                                                   ABS_MT_TRACKING_ID: 65535})
    assert (keyboard.path, screen.path) == ("/dev/input/event0", "/dev/input/event1"), (keyboard.path, screen.path)
    lab.source("p2p_find")
    wait_for(lambda: lab.source.peer("Sink"), "the source sees the sink")
    assert lab.source("connect", peers=["Sink"])[0]["result"] == "playing"
    wait_for(lambda: lab.sink("status")["input"]["devices"] == 2, "the sink has its two devices")
    assert lab.source("status")["input"]["injected"]
    keys, touches = Read(path_of("wfdcast keyboard")), Read(path_of("wfdcast touchscreen"))

    keyboard.emit((EV_KEY, KEY_LEFTSHIFT, 1))
    keyboard.emit((EV_KEY, KEY_A, 1))
    keyboard.emit((EV_KEY, KEY_A, 0))
    comes(keys, (EV_KEY, KEY_LEFTSHIFT, 1), (EV_KEY, KEY_A, 1), (EV_KEY, KEY_A, 0))
    screen.emit((EV_ABS, ABS_MT_SLOT, 0), (EV_ABS, ABS_MT_TRACKING_ID, 1), (EV_ABS, ABS_MT_POSITION_X, 1919),
                (EV_ABS, ABS_MT_POSITION_Y, 0), (EV_KEY, BTN_TOUCH, 1))
    wait_for(lambda: (EV_KEY, BTN_TOUCH, 1) in touches.take(), "a finger is down")
    at = {code: value for kind, code, value in touches.events if kind == EV_ABS}
    assert (at[ABS_MT_POSITION_X], at.get(ABS_MT_POSITION_Y, 0)) == (MOST, 0), at
    lab.source("input", peer="none")
    comes(keys, (EV_KEY, KEY_LEFTSHIFT, 0))
    comes(touches, (EV_ABS, ABS_MT_TRACKING_ID, -1), (EV_KEY, BTN_TOUCH, 0))

    lab.source("input", peer="Sink")
    wait_for(lambda: lab.sink("status")["input"]["devices"] == 2, "the sink has its devices again")
    keyboard.emit((EV_KEY, KEY_B, 1))
    comes(keys, (EV_KEY, KEY_B, 1))
    keyboard.unplug()
    comes(keys, (EV_KEY, KEY_B, 0))
    screen.emit((EV_ABS, ABS_MT_POSITION_Y, 1079))
    comes(touches, (EV_ABS, ABS_MT_POSITION_Y, MOST), (EV_ABS, ABS_Y, MOST), (EV_KEY, BTN_TOUCH, 1))
    # The devices go with the last sink that may send: who reads them may see that, or what is lifted before it.
    lab.source("disconnect", peers=["Sink"])
    lab.source.wait_event("input", kind="pointer", action="up")
    wait_for(lambda: path_of("wfdcast touchscreen") is None, "the devices are gone")
