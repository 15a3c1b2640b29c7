"""wfdd@direct beside Debian's wpa_supplicant.service and NetworkManager.service, on the simulated radio wlan7."""
import grp
import pathlib

from board import fact, main_pid, run, shown, status, wait_for

BUS = "fi.w1.wpa_supplicant1"


def wifi():
    now = status("direct")
    return now["wifi"] if now else {"state": "", "problem": ""}


def restart():
    run("systemctl", "restart", "wfdd@direct")


def add_interface():
    """As NetworkManager does it: the unit of Debian's package begins without any."""
    run("busctl", "call", BUS, "/fi/w1/wpa_supplicant1", BUS, "CreateInterface", "a{sv}", "1", "Ifname", "s", "wlan7")


def joins_a_supplicant():
    pathlib.Path("/etc/wfdcast/direct.toml").write_text(
        'role = "sink"\nname = "Direct"\ninterface = "wlan7"\n[sink]\noutput = "null:"\n[security]\nmode = "open"\n'
        '[rtsp]\nport = 7246\n')
    restart()
    wait_for(lambda: wifi()["problem"], "without a supplicant status says so: " + wifi()["problem"])
    run("systemctl", "start", "wpa_supplicant")
    wait_for(lambda: "wpa_supplicant runs here" in wifi()["problem"], "it names the one that has no socket for us")
    add_interface()
    wait_for(lambda: wifi()["state"] == "idle", "and finds the socket once it is there")
    netdev = grp.getgrnam("netdev").gr_gid
    fact(pathlib.Path("/run/wpa_supplicant").stat().st_gid == netdev, "the sockets belong to the group netdev")
    groups = pathlib.Path(f"/proc/{main_pid('direct')}/status").read_text()
    fact(f"\nGroups:\t{netdev} " in groups and shown("direct", "User") == "wfdcast", "of which the unit's user is a member")
    run("gpasswd", "--delete", "wfdcast", "netdev")
    restart()
    wait_for(lambda: "mostly netdev" in wifi()["problem"], "which it needs, as status says")
    run("gpasswd", "--add", "wfdcast", "netdev")
    restart()
    wait_for(lambda: wifi()["state"] == "idle", "with it all is well again")
    beside_network_manager()
    run("systemctl", "stop", "wfdd@direct")


def devices():
    return run("nmcli", "--terse", "--fields", "DEVICE,STATE", "device").splitlines()


def beside_network_manager():
    drop_in = pathlib.Path("/etc/systemd/system/NetworkManager.service.d/guest.conf")
    drop_in.parent.mkdir(parents=True)
    # With /sys to write to it would wait for udev, which does not run here.
    drop_in.write_text("[Service]\nReadOnlyPaths=/sys\n")
    pathlib.Path("/etc/NetworkManager/conf.d/guest.conf").write_text("[keyfile]\nunmanaged-devices+=interface-name:wlan0\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "NetworkManager")
    wait_for(lambda: "wlan7:disconnected" in devices(), "NetworkManager manages the radio")
    fact("p2p-dev-wlan7:unmanaged" in devices(), f"and leaves Wi-Fi Direct alone, by our drop-in: {devices()}")
    wait_for(lambda: wifi()["state"] == "idle", "wfdd asks the supplicant that NetworkManager steers")
    run("systemctl", "stop", "wpa_supplicant", "NetworkManager")
