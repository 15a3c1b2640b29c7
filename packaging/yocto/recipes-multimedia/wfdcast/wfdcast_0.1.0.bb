SUMMARY = "Wi-Fi Display from one board to many screens"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

SRC_URI = "git://example.org/wfdcast.git;protocol=https;branch=main"
SRCREV = "${AUTOREV}"
PV = "0.1.0+git"
S = "${WORKDIR}/git"

DEPENDS = "cli11 fmt libevdev libevent nlohmann-json tl-expected tomlplusplus"

inherit cmake pkgconfig systemd useradd

PACKAGECONFIG ??= "gstreamer p2p tls ${@bb.utils.filter('DISTRO_FEATURES', 'systemd', d)}"
PACKAGECONFIG[gstreamer] = "-DWFD_GSTREAMER=ON,-DWFD_GSTREAMER=OFF,gstreamer1.0 gstreamer1.0-plugins-base"
PACKAGECONFIG[p2p] = "-DWFD_P2P=ON,-DWFD_P2P=OFF,libnl wpa-supplicant"
PACKAGECONFIG[tls] = "-DWFD_TLS=ON,-DWFD_TLS=OFF,libsrtp openssl"
PACKAGECONFIG[systemd] = "-DWFD_SYSTEMD=ON,-DWFD_SYSTEMD=OFF"

EXTRA_OECMAKE = "-DWFD_TESTS=OFF"

USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --home-dir ${localstatedir}/lib/wfdcast --no-create-home --shell /sbin/nologin --user-group wfdcast"

# An image enables its instance: SYSTEMD_SERVICE:${PN} = "wfdd@sink.service" in a .bbappend.
SYSTEMD_SERVICE:${PN} = "wfdd@.service"
SYSTEMD_AUTO_ENABLE = "disable"

PACKAGE_BEFORE_PN = "${PN}-gstreamer"
SUMMARY:${PN}-gstreamer = "Wi-Fi Display with GStreamer: capture and playback"
FILES:${PN}-gstreamer = "${bindir}/wfd-capture ${bindir}/wfd-render \
    ${nonarch_libdir}/systemd/system/wfdd@sink.service.d ${nonarch_libdir}/systemd/system/wfdd@source.service.d"
RDEPENDS:${PN}-gstreamer = "${PN} gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
FILES:${PN} += "${nonarch_libdir}/systemd ${nonarch_libdir}/NetworkManager ${nonarch_libdir}/sysctl.d ${nonarch_libdir}/sysusers.d ${nonarch_libdir}/tmpfiles.d \
    ${datadir}/wfdcast ${datadir}/bash-completion ${datadir}/zsh"
CONFFILES:${PN} = "${sysconfdir}/wfdcast/sink.toml ${sysconfdir}/wfdcast/source.toml"
