"""Writes PREFIX/bin: shell launchers that start a prefix's program through the prefix's own loader, libraries and data."""

from pathlib import Path

from .console import SandboxError

# Programs and the environment each needs to find its data; {root} is filled in by the launcher itself at run time.
PROGRAMS: dict[str, tuple[str, str]] = {
    "asterisk": ("usr/sbin/asterisk", ""),
    "redis-server": ("usr/bin/redis-server", ""),
    "redis-cli": ("usr/bin/redis-cli", ""),
    "flite": ("usr/bin/flite", ""),
    "espeak-ng": ("usr/bin/espeak-ng", "ESPEAK_DATA_PATH={root}/{libdir}"),
}

TEMPLATE = """#!/bin/sh
# Starts {name} of this folder with the folder's own libraries, whatever the host has or lacks.
here=$0
while [ -L "$here" ]; do
    link=$(readlink "$here")
    case $link in /*) here=$link ;; *) here=$(dirname "$here")/$link ;; esac
done
root=$(cd "$(dirname "$here")/.." && pwd -P)
unset LD_PRELOAD LD_LIBRARY_PATH
{exports}exec "$root/{loader}" {options}--library-path "{libraries}" "$root/{program}" "$@"
"""


def write_launchers(root: Path) -> None:
    """Writes one launcher for each known program that the prefix contains, and mends what maintainer scripts would do."""
    loader, libdir = _loader(root)
    options = '--argv0 "$root/{program}" ' if _loader_knows_argv0(root) else ""
    folders = [f"$root/{libdir}", "$root/usr/lib", *_library_subfolders(root, libdir)]
    (root / "bin").mkdir(exist_ok=True)
    for name, (program, environment) in PROGRAMS.items():
        if not (root / program).exists():
            continue
        export = environment.format(root="$root", libdir=libdir)
        exports = f'export {export.split("=")[0]}="{export.split("=", 1)[1]}"\n' if export else ""
        text = TEMPLATE.format(
            name=name,
            exports=exports,
            loader=loader,
            options=options.format(program=program),
            libraries=":".join(folders),
            program=program,
        )
        (root / "bin" / name).write_text(text)
        (root / "bin" / name).chmod(0o755)
    _mend_sounds(root)


def _loader(root: Path) -> tuple[str, str]:
    """The loader and the library folder, relative to the root, e.g. `usr/lib/x86_64-linux-gnu`."""
    for libc in root.glob("usr/lib/*/libc.so.6"):
        libdir = libc.parent.relative_to(root)
        for pattern in ("usr/lib64/ld-linux*.so.*", f"{libdir}/ld-linux*.so.*", "usr/lib/ld-linux*.so.*", f"{libdir}/ld-*.so*"):
            for loader in sorted(root.glob(pattern)):
                if _inside(loader, root):
                    return str(loader.relative_to(root)), str(libdir)
    raise SandboxError(f"{root} has no C library", remedy="This architecture is not known to work; use --use-system-asterisk")


def _inside(loader: Path, root: Path) -> bool:
    """Older Debian links the loader absolutely (/lib/x86_64-linux-gnu/ld-2.31.so): that would be the host's own."""
    return loader.exists() and loader.resolve().is_relative_to(root.resolve())


def _loader_knows_argv0(root: Path) -> bool:
    """`--argv0` came with glibc 2.33; bullseye has 2.31."""
    for loader in root.glob("usr/lib/*/ld-linux*.so.*"):
        return b"--argv0" in loader.read_bytes()
    return False


def _library_subfolders(root: Path, libdir: str) -> list[str]:
    """Folders that packages would announce in /etc/ld.so.conf.d or by RPATH, e.g. pulseaudio's."""
    found = [path.relative_to(root) for path in root.glob(f"{libdir}/*/lib*.so*")]
    names = sorted({str(path.parent) for path in found if path.parent.name in ("pulseaudio", "blas", "lapack")})
    return [f"$root/{name}" for name in names]


def _mend_sounds(root: Path) -> None:
    """Debian's update-alternatives would link sounds/en to the voice that is installed."""
    sounds = root / "usr/share/asterisk/sounds"
    for voice in sorted(sounds.glob("en_US_*")):
        if not (sounds / "en").exists():
            (sounds / "en").symlink_to(voice.name)
