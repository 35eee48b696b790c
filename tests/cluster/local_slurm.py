"""A Slurm of one node on this machine, with accounting and a declared GPU of four shards that is
none: for tests of the profile.

    with LocalSlurm(folder) as slurm:
        subprocess.run(["sinfo"], env=slurm.environment)

As root, with Debian's packages (PACKAGES). Everything lives in `folder`, which must be on a local
disk; daemons listen on ports of their own on the loopback, and are stopped by the process ids that
were started here: another Slurm of the machine is not touched.
"""

import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PACKAGES = ["slurm-wlm", "munge", "slurmdbd", "mariadb-server"]
COMMANDS = ["munged", "slurmctld", "slurmd", "slurmdbd", "mariadbd", "mariadb-install-db"]

SLURM_CONF = """\
ClusterName=local
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.sock
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
PlugStackConfig=/dev/null
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={ports[2]}
AccountingStoragePass={folder}/run/munge.sock
AccountingStorageTRES=gres/gpu,gres/shard
AccountingStoreFlags=job_comment
SchedulerParameters=sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
KillWait=5
GresTypes=gpu,shard
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres={gres} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} Default=NO MaxTime=INFINITE State=UP
"""

SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/run/munge.sock
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={ports[2]}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={ports[3]}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
LogFile={folder}/log/slurmdbd.log
PidFile={folder}/run/slurmdbd.pid
"""

SQL = "; ".join(
    ["create database if not exists slurm_acct_db"]
    + [
        f"create user if not exists 'slurm'@'{host}' identified by 'slurm'; grant all on "
        f"slurm_acct_db.* to 'slurm'@'{host}'"
        for host in ("localhost", "127.0.0.1")
    ]
)


def missing():
    """Commands of PACKAGES that this machine lacks."""
    return [name for name in COMMANDS if shutil.which(name) is None]


def free_ports(number):
    """TCP ports of the loopback that nothing listens on."""
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for(condition, what, seconds=30):
    """Wait until condition() is true; TimeoutError if it does not come to be."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come up in {seconds} s")
        time.sleep(0.1)


class LocalSlurm:
    """The daemons, up between `with` and its end."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.daemons = []
        host = socket.gethostname().split(".")[0]
        memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024 * 9 // 10
        self.ports = free_ports(4)
        self.settings = {
            "host": host,
            "folder": self.folder,
            "ports": self.ports,
            "cpus": os.cpu_count(),
            "memory": memory,
            "gres": "gpu:fake:1,shard:4",
        }
        # the plugin's jobs start a Slurm command with all of Slurm's variables removed, this one
        # too: a wrapper gives it back
        wrappers = self.folder / "bin"
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            "PATH": f"{wrappers}:{os.environ['PATH']}",
        }

    def __enter__(self):
        for name in ("munge", "mysql", "state", "spool", "log", "run", "bin"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "munge").chmod(0o700)
        try:
            self._start_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.daemons):
            process.terminate()
        for process in reversed(self.daemons):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.daemons.clear()

    def run(self, *command):
        """What a command prints in Slurm's environment; CalledProcessError if it fails."""
        return subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    def _start(self, name, *arguments):
        with open(self.folder / f"log/{name}.out", "w") as log:
            self.daemons.append(
                subprocess.Popen(
                    [name, *map(str, arguments)],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def _listens(self, port):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def _start_all(self):
        folder = self.folder
        files = {
            "slurm.conf": SLURM_CONF.format(**self.settings),
            "slurmdbd.conf": SLURMDBD_CONF.format(**self.settings),
            "gres.conf": (
                f"AutoDetect=off\nNodeName={self.settings['host']} Name=gpu Type=fake "
                f"File=/dev/null\nNodeName={self.settings['host']} Name=shard Count=4\n"
            ),
            "bin/srun": f'#!/bin/sh\nSLURM_CONF="{folder}/slurm.conf" '
            f'exec {shutil.which("srun")} "$@"\n',
        }
        for name, text in files.items():
            (folder / name).write_text(text)
        (folder / "slurmdbd.conf").chmod(0o600)
        (folder / "bin/srun").chmod(0o755)
        key = folder / "munge/munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)

        munge = {
            "key-file": key,
            "socket": f"{folder}/run/munge.sock",
            **{f"{name}-file": f"{folder}/munge/munged.{name}" for name in ("pid", "log", "seed")},
        }
        self._start("munged", "-F", *[f"--{name}={path}" for name, path in munge.items()])
        database = ["--no-defaults", "--user=root", f"--datadir={folder}/mysql"]
        subprocess.run(
            ["mariadb-install-db", *database, "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
        )
        mysql = f"{folder}/run/mysql.sock"
        listening = [
            f"--socket={mysql}",
            f"--port={self.ports[3]}",
            "--bind-address=127.0.0.1",
            f"--pid-file={folder}/run/mariadbd.pid",
        ]
        self._start("mariadbd", *database, *listening, "--innodb-buffer-pool-size=64M")
        wait_for(lambda: Path(mysql).exists() and self._listens(self.ports[3]), "mariadbd")
        subprocess.run(
            ["mariadb", "--no-defaults", "-S", mysql, "-e", SQL], check=True, capture_output=True
        )
        wait_for(Path(f"{folder}/run/munge.sock").exists, "munged")
        self._start("slurmdbd", "-D")
        wait_for(lambda: self._listens(self.ports[2]), "slurmdbd")
        for what in (
            ("cluster", "local"),
            ("account", "lab", "Description=lab", "Organization=lab"),
            ("user", "root", "Account=lab"),
        ):
            subprocess.run(
                ["sacctmgr", "-i", "add", *what], env=self.environment, capture_output=True
            )
        self._start("slurmctld", "-D", "-f", folder / "slurm.conf")
        self._start("slurmd", "-D", "-f", folder / "slurm.conf", "-N", self.settings["host"])
        wait_for(
            lambda: (
                "idle"
                in subprocess.run(
                    ["sinfo", "-h", "-o", "%T"],
                    env=self.environment,
                    capture_output=True,
                    text=True,
                ).stdout
            ),
            "slurmd",
        )
