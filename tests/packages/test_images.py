"""The Yocto layer and the Buildroot tree, as far as they can be checked without those projects."""
import fnmatch
import hashlib
import re

from test_packages import ROOT, debs, output  # noqa: F401 (a fixture)

RECIPE = ROOT / "packaging/yocto/recipes-multimedia/wfdcast/wfdcast_0.1.0.bb"
BUILDROOT = ROOT / "packaging/buildroot"
VERSION = re.search(r"project\(wfdcast VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
OPTIONS = set(re.findall(r"^(?:option|set)\((WFD_\w+)", (ROOT / "CMakeLists.txt").read_text(), re.M))
# FILES:${PN} of bitbake.conf, as far as it concerns us.
DEFAULT_FILES = ["/usr/bin/*", "/usr/sbin/*", "/etc/*"]
# Packages that bitbake splits off by itself.
SPLIT_OFF = ["/usr/share/doc/*", "/usr/share/man/*"]
# What CMakeLists.txt asks for: its recipe in Yocto and its package in Buildroot.
LIBRARIES = {"fmt": ("fmt", "fmt"), "tl-expected": ("tl-expected", "tl-expected"), "CLI11": ("cli11", "cli11"),
             "nlohmann_json": ("nlohmann-json", "json-for-modern-cpp"), "tomlplusplus": ("tomlplusplus", "tomlplusplus"),
             "libevdev": ("libevdev", "libevdev"), "libevent_core": ("libevent", "libevent"), "OpenSSL": ("openssl", "openssl"),
             "libsrtp2": ("libsrtp", "libsrtp"), "WpaClient": ("wpa-supplicant", "wpa_supplicant"),
             "libnl-genl-3.0": ("libnl", "libnl"), "PkgConfig": ("pkgconfig", "host-pkgconf")}
VALUES = {"bindir": "/usr/bin", "datadir": "/usr/share", "sysconfdir": "/etc", "nonarch_libdir": "/usr/lib"}


def installed(debs):  # noqa: F811
    return {line.split()[-1][1:] for deb in debs.glob("*.deb") for line in output("dpkg-deb", "--contents", deb).splitlines()
            if not line.startswith("d")}


def recipe_files():
    text = RECIPE.read_text().replace("\\\n", " ")
    for name, value in VALUES.items():
        text = text.replace("${" + name + "}", value)
    return [path for value in re.findall(r'^FILES:\S+ \+?= "(.*)"', text, re.M) for path in value.split()]


def test_recipe_packs_every_file(debs):  # noqa: F811
    patterns = [*DEFAULT_FILES, *SPLIT_OFF, *recipe_files(), *(path + "/*" for path in recipe_files())]
    assert [path for path in installed(debs) if not any(fnmatch.fnmatch(path, pattern) for pattern in patterns)] == []


def test_recipe_names_only_files_that_exist(debs):  # noqa: F811
    files = installed(debs)
    assert [path for path in recipe_files() if not any(file.startswith(path) for file in files)] == []


def test_versions_licence_and_options_are_ours():
    recipe, makefile = RECIPE.read_text(), (BUILDROOT / "package/wfdcast/wfdcast.mk").read_text()
    assert RECIPE.name == f"wfdcast_{VERSION}.bb" and f'PV = "{VERSION}+git"' in recipe
    assert f"WFDCAST_VERSION = {VERSION}\n" in makefile
    assert hashlib.md5((ROOT / "LICENSE").read_bytes()).hexdigest() in recipe
    assert set(re.findall(r"-D(WFD_\w+)", recipe + makefile)) <= OPTIONS


def test_every_library_is_a_dependency():
    cmake = (ROOT / "CMakeLists.txt").read_text()
    wanted = re.findall(r"find_package\(([\w-]+)", cmake) + re.findall(r"pkg_check_modules\(.*?([\w.-]+)\)", cmake)
    recipe = re.sub(r"[\",]", " ", " ".join(re.findall(r"^(?:DEPENDS|inherit|PACKAGECONFIG\[).*", RECIPE.read_text(), re.M))).split()
    makefile = (BUILDROOT / "package/wfdcast/wfdcast.mk").read_text().split()
    assert len(wanted) == len(LIBRARIES)
    assert [name for name in wanted if LIBRARIES[name][0] not in recipe or LIBRARIES[name][1] not in makefile] == []


def test_buildroot_symbols_are_consistent():
    config = (BUILDROOT / "package/wfdcast/Config.in").read_text()
    makefile = (BUILDROOT / "package/wfdcast/wfdcast.mk").read_text()
    defined = set(re.findall(r"^config (BR2_\w+)", config, re.M))
    assert set(re.findall(r"\((BR2_PACKAGE_WFDCAST\w*)\)", makefile)) <= defined
    assert re.fullmatch(r"name: WFDCAST\ndesc: .+\n", (BUILDROOT / "external.desc").read_text())
    assert all(line.startswith(("#", "ifeq", "else", "endif", "define", "endef", "include", "WFDCAST_", "\t", "$(eval"))
               for line in makefile.splitlines() if line)
