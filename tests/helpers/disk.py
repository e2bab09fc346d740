"""A disk that gets full, without the right to mount one: writes fail in the program that is tested, or in a server, as on such a disk (tests/crash/full.c)."""
import os
import shutil
from pathlib import Path

from engine import place, preload


class Disk:
    """`folder` is on it; programs have to run in `environment`. `beside`: a folder, elsewhere, for what belongs to it."""

    def __init__(self, folder, beside):
        self.room = Path(beside) / "room"
        library = shutil.copy(f"{place('SPILE_FILTERS')}/libfull.so", beside)  # a server's user may not see the build
        self.environment = {"FULL_BELOW": f"{Path(folder).resolve()}/", "FULL_ROOM": str(self.room), "LD_PRELOAD": str(library)}

    def environment_of_command(self):
        sanitizers = preload()
        return {**sanitizers, **self.environment, "LD_PRELOAD": ":".join([*filter(None, [sanitizers.get("LD_PRELOAD")]), self.environment["LD_PRELOAD"]])}

    def leave(self, size):
        """From now on so many bytes are left; None: as many as anybody wants."""
        if size is None:
            self.room.unlink(missing_ok=True)
            return
        fresh = self.room.with_name("fresh")
        fresh.write_text(f"{size:020d}")
        fresh.chmod(0o666)
        os.replace(fresh, self.room)

    def left(self):
        return int(self.room.read_text())
