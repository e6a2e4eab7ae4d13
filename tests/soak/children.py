"""Forked children of a worker."""

import os
import signal


class Children:
    """Forked, and waited for by the reporting thread."""

    def __init__(self, tally, writer):
        self.tally, self.writer = tally, writer
        self.pids = []
        self.serial = 0

    def fork(self, work):
        self.serial += 1
        name = f"{self.writer.name}-child{self.serial}"
        pid = os.fork()
        if pid:
            self.pids.append(pid)
            return
        code = 3
        try:
            # A child that hangs is killed by this.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.alarm(40)
            complaint = work(name)
            if complaint:
                os.write(2, f"{name}: {complaint}\n".encode())
            code = 2 if complaint else 0
        except BaseException as error:
            os.write(2, f"{name}: {error!r}\n".encode())
        finally:
            os._exit(code)

    def reap(self):
        for pid in list(self.pids):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            self.pids.remove(pid)
            self.tally.counts["forks"] += 1
            code = os.waitstatus_to_exitcode(status)
            if code:
                self.tally.note("wrong" if code == 2 else "broken", f"a forked child ended with {code}"
                                + (", it hung" if code == -signal.SIGALRM else ""))
