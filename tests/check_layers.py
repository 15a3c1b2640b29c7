#!/usr/bin/python3
"""Holds the include table of ARCHITECTURE.md: which module may include which, and which outside headers
stay behind which module. Also refuses a function that returns a Result and is not [[nodiscard]]."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent)

CORE = {"base", "wfd"}
MAY_INCLUDE = {
    "base": {"base"},
    "wfd": CORE,
    "rtsp": CORE | {"rtsp"},
    "discovery": CORE | {"discovery"},
    "stream": CORE | {"stream"},
    "security": CORE | {"security"},
    "platform": {"base", "platform"},
    "media": CORE | {"platform", "media"},
}
MAY_INCLUDE["daemon"] = MAY_INCLUDE["tools"] = set(MAY_INCLUDE) | {"daemon", "tools"}

# Outside headers and the modules that may name them.
FENCES = [
    (r"event2/|wpa_ctrl\.h|openssl/ssl\.h|libevdev|netlink/", {"platform"}),
    (r"sys/(socket|un|epoll|ioctl|wait)\.h|net(inet|packet|link)?/|arpa/|linux/|poll\.h", {"platform"}),
    (r"nlohmann/|toml\+\+|CLI/", {"daemon", "tools"}),
    (r"thread$|mutex$|condition_variable$|gst/|glib", {"media"}),
    (r"srtp2/|openssl/(?!ssl\.h|err\.h)", {"security"}),
    (r"openssl/err\.h", {"platform", "security"}),
]
# No clock, no random, no environment, no log in the modules without I/O.
SILENT = {"base", "wfd", "rtsp", "discovery", "stream", "security"}
IMPURE = re.compile(r"_clock::now\(|\bgetenv\(|\brandom_device\b|\brand\(|\bstd::c(out|err)\b|\bprintf\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
RESULT_FUNCTION = re.compile(r"^\s*(?:static |virtual |constexpr |inline )*Result<.*>\s+\w+\(")


def problems_of(path):
    module = path.relative_to(ROOT).parts[0]
    previous = ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.relative_to(ROOT)}:{number}"
        if found := INCLUDE.match(line):
            quoted, name = found[1] == '"', found[2]
            first = name.split("/")[0]
            if quoted and first in MAY_INCLUDE and first not in MAY_INCLUDE[module]:
                yield f"{where}: {module} must not include {first}"
            if quoted and first not in MAY_INCLUDE:
                yield f"{where}: include paths start at the project's root"
            for pattern, allowed in FENCES:
                if not quoted and re.match(pattern, name) and module not in allowed:
                    yield f"{where}: <{name}> belongs to {', '.join(sorted(allowed))}"
        elif module in SILENT and (found := IMPURE.search(line.split("//")[0])):
            yield f"{where}: {found[0]!r} in a module without I/O"
        if path.suffix == ".h" and RESULT_FUNCTION.match(line) and "[[nodiscard]]" not in previous:
            yield f"{where}: a function that returns a Result says [[nodiscard]]"
        previous = line


def main():
    files = [f for module in MAY_INCLUDE for f in sorted((ROOT / module).rglob("*")) if f.suffix in {".h", ".cc"}]
    found = [problem for file in files for problem in problems_of(file)]
    print("\n".join(found) or f"layers: {len(files)} files, no wrong include")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
