#!/usr/bin/python3 -IS
"""Runs a program as if on Linux 3.18: old_kernel.py PROGRAM ARGUMENT...

A seccomp filter answers ENOSYS to every system call that 3.18 does not have, and ENOPROTOOPT to newer socket options. It
cannot see control messages or flags; what depends on those is left as it is. x86-64 only.
"""
import ctypes
import errno
import os
import struct
import sys

LAST_CALL = 321  # bpf(2); arch/x86/syscalls/syscall_64.tbl of 3.18
SETSOCKOPT, GETSOCKOPT = 54, 55
IPPROTO_UDP, SOL_SOCKET = 17, 1
UDP_CORK = 1  # the only option of UDP then that anybody may ask for; UDP_SEGMENT came with 4.18
LAST_SOCKET_OPTION = 48  # SO_BPF_EXTENSIONS

LOAD, IF_EQUAL, IF_ABOVE, ANSWER = 0x20, 0x15, 0x25, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGT|K, BPF_RET|K
ALLOW, FAIL = 0x7FFF0000, 0x00050000
NUMBER, LEVEL, OPTION = 0, 16 + 8, 16 + 16  # struct seccomp_data: nr, args[1], args[2]

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def filter_program():
    """(code, if true skip, if false skip, value)"""
    return [
        (LOAD, 0, 0, NUMBER),
        (IF_ABOVE, 11, 0, LAST_CALL),
        (IF_EQUAL, 1, 0, SETSOCKOPT),
        (IF_EQUAL, 0, 7, GETSOCKOPT),
        (LOAD, 0, 0, LEVEL),
        (IF_EQUAL, 3, 0, SOL_SOCKET),
        (IF_EQUAL, 0, 4, IPPROTO_UDP),
        (LOAD, 0, 0, OPTION),
        (IF_ABOVE, 3, 2, UDP_CORK),
        (LOAD, 0, 0, OPTION),
        (IF_ABOVE, 1, 0, LAST_SOCKET_OPTION),
        (ANSWER, 0, 0, ALLOW),
        (ANSWER, 0, 0, FAIL | errno.ENOPROTOOPT),
        (ANSWER, 0, 0, FAIL | errno.ENOSYS),
    ]


def main(program, *arguments):
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in filter_program())
    memory = ctypes.create_string_buffer(code)
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(memory)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header) != 0:
        sys.exit(f"old_kernel: {os.strerror(ctypes.get_errno())}")
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
