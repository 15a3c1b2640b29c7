"""Input devices of a board without any: made by uinput, read by evdev (linux/uinput.h, linux/input.h)."""
import fcntl
import os
import pathlib
import select
import struct

EV_SYN, EV_KEY, EV_REL, EV_ABS = range(4)
KEY_A, KEY_B, KEY_LEFTSHIFT, BTN_TOUCH = 30, 48, 42, 0x14A
ABS_Y, ABS_MT_SLOT, ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_TRACKING_ID = 0x01, 0x2F, 0x35, 0x36, 0x39
INPUT_PROP_DIRECT = 1
EVENT = struct.Struct("llHHi")
UI_DEV_CREATE, UI_DEV_DESTROY = 0x5501, 0x5502
UI_SET_EVBIT, UI_SET_KEYBIT, UI_SET_ABSBIT, UI_SET_PROPBIT = 0x40045564, 0x40045565, 0x40045567, 0x4004556E
UI_DEV_SETUP, UI_ABS_SETUP = 0x405C5503, 0x401C5504


def path_of(name):
    """Where the device of that name is read; None: there is none."""
    for device in pathlib.Path("/sys/class/input").glob("event*"):
        if (device / "device" / "name").read_text().strip() == name:
            return f"/dev/input/{device.name}"
    return None


class Made:
    """A device with some keys, and with axes {code: greatest value}."""

    def __init__(self, name, keys, axes=None):
        self.file = os.open("/dev/uinput", os.O_WRONLY)
        for kind in (EV_KEY, EV_ABS) if axes else (EV_KEY,):
            fcntl.ioctl(self.file, UI_SET_EVBIT, kind)
        for key in keys:
            fcntl.ioctl(self.file, UI_SET_KEYBIT, key)
        for code, most in (axes or {}).items():
            fcntl.ioctl(self.file, UI_SET_ABSBIT, code)
            fcntl.ioctl(self.file, UI_ABS_SETUP, struct.pack("Hxx6i", code, 0, 0, most, 0, 0, 0))
        if axes:
            fcntl.ioctl(self.file, UI_SET_PROPBIT, INPUT_PROP_DIRECT)
        fcntl.ioctl(self.file, UI_DEV_SETUP, struct.pack("4H80sI", 6, 0, 0, 0, name.encode(), 0))
        fcntl.ioctl(self.file, UI_DEV_CREATE)
        self.path = path_of(name)

    def emit(self, *events):
        for kind, code, value in (*events, (EV_SYN, 0, 0)):
            os.write(self.file, EVENT.pack(0, 0, kind, code, value))

    def unplug(self):
        os.close(self.file)


class Read:
    """What comes from a device, as (type, code, value); its frames' ends left out."""

    def __init__(self, path):
        self.file = os.open(path, os.O_RDONLY)
        self.events = []

    def take(self, patience=0.0):
        while select.select([self.file], [], [], patience)[0]:
            try:
                data = os.read(self.file, 64 * EVENT.size)
            except OSError:  # it is gone
                break
            self.events += [event[2:] for event in EVENT.iter_unpack(data) if event[2] != EV_SYN]
            patience = 0
        return self.events
