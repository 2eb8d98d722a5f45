#!/usr/bin/env python3
"""Several hosts: a database, two receivers and three workers, each in a network namespace of its own on one
bridge, all with the real program. Deliveries go to both receivers; in the midst of them one worker is cut off,
for good. Then a table says what each host did, and whether anything acknowledged was lost or begun twice.

    cargo build --release && sudo tests/hosts/run.py [target/release/pipehook] [deliveries]

Needs root, `ip` and Debian's `postgresql`. Everything it makes is removed at its end.
"""

import collections
import concurrent.futures
import glob
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/pipehook")
DELIVERIES = int(sys.argv[2]) if len(sys.argv) > 2 else 300
SENDERS = 8
# What a lost worker's jobs wait for: its lease, and the next look for lost leases.
END_MAX = 300
BRIDGE, NET = "phk0", "10.77.0"
HOSTS = {"db": 2, "receiver1": 11, "receiver2": 12, "worker1": 21, "worker2": 22, "worker3": 23}
CUT = "worker3"
PIPELINE = """
resources:
  webhooks:
  - webhook: hook
    connection: load
steps:
- checkout: none
- bash: |
    echo "$NUMBER $WORKER_NAME" >> "$EFFECTS"
    sleep 0.2
  env: {NUMBER: "${{ parameters.hook.number }}", EFFECTS: EFFECTS_FILE}
"""


def run(*command, **more):
    return subprocess.run(command, check=True, text=True, capture_output=True, **more).stdout


def namespace(host):
    return f"phk-{host}"


def inside(host, *command):
    return ["ip", "netns", "exec", namespace(host), *command]


def connect_hosts():
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "addr", "add", f"{NET}.1/24", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")
    for host, number in HOSTS.items():
        run("ip", "netns", "add", namespace(host))
        run("ip", "link", "add", f"phk{number}", "type", "veth", "peer", "name", "eth0", "netns", namespace(host))
        run("ip", "link", "set", f"phk{number}", "master", BRIDGE, "up")
        run(*inside(host, "ip", "addr", "add", f"{NET}.{number}/24", "dev", "eth0"))
        run(*inside(host, "ip", "link", "set", "eth0", "up"))
        run(*inside(host, "ip", "link", "set", "lo", "up"))


def disconnect_hosts():
    for host in HOSTS:
        subprocess.run(["ip", "netns", "del", namespace(host)], capture_output=True)
    subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True)


def start_database(folder):
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: float(path.split("/")[4]))[-1]
    data = folder / "db"
    data.mkdir()
    shutil.chown(data, "postgres")
    # A user without rights has to come through the folders above.
    folder.chmod(0o711)
    as_user = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "env", "-C", "/"]
    run(*as_user, f"{programs}/initdb", "-D", data / "data", "-U", "pipehook", "-A", "trust", "--no-sync")
    with open(data / "data/pg_hba.conf", "a") as rules:
        rules.write(f"host all all {NET}.0/24 trust\n")
    options = f"-c listen_addresses={NET}.{HOSTS['db']} -c unix_socket_directories={data} -c max_connections=200"
    server = inside("db", *as_user, f"{programs}/postgres", "-D", data / "data", *options.split())
    process = subprocess.Popen(server, stdout=subprocess.DEVNULL, stderr=open(folder / "db.txt", "w"))
    address = f"postgres://pipehook@{NET}.{HOSTS['db']}/postgres?sslmode=disable"
    sql = lambda statement: run(f"{programs}/psql", "-XqtA", "-d", address, "-c", statement).strip()
    until("the database", 60, lambda: subprocess.run([f"{programs}/pg_isready", "-q", "-d", address]).returncode == 0)
    return process, address, sql


def start(folder, host, address, effects, *arguments):
    own = folder / host
    (own / "pipelines").mkdir(parents=True)
    (own / "pipelines/load.yml").write_text(PIPELINE.replace("EFFECTS_FILE", str(effects)))
    listen = f"{NET}.{HOSTS[host]}"
    (own / "pipehook.yml").write_text(
        f"listen: {listen}:8080\nadmin: {{listen: {listen}:8081}}\nenvironment: [WORKER_NAME]\n"
        "limits: {queue: 1000000, requests_per_second: 1000000}\n"
        "connections: {load: {secret: {value: s}}}\n"
    )
    environment = {"PATH": os.environ["PATH"], "HOME": str(own), "PIPEHOOK_DATABASE": address, "WORKER_NAME": host}
    process = subprocess.Popen(
        inside(host, PROGRAM, *arguments), cwd=own, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=open(own / "stderr.txt", "w"),
    )
    line = process.stdout.readline()
    if not line:
        sys.exit(f"{host} did not start:\n{(own / 'stderr.txt').read_text()}")
    return process


def deliver(receiver, number):
    """Returns the run's id, or nothing where it was not acknowledged."""
    body = json.dumps({"number": number}).encode()
    checksum = hmac.new(b"s", body, hashlib.sha1).hexdigest()
    try:
        connection = http.client.HTTPConnection(f"{NET}.{HOSTS[receiver]}", 8080, timeout=30)
        connection.request("POST", "/webhooks/load", body, {"X-WH-Checksum": checksum})
        answer = connection.getresponse()
        return json.loads(answer.read())["runs"][0]["id"] if answer.status == 200 else None
    except OSError:
        return None


def until(what, seconds, fact):
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            sys.exit(f"after {seconds} seconds there is still not: {what}")
        time.sleep(0.1)


def measure(folder):
    processes = []
    try:
        database, address, sql = start_database(folder)
        processes.append(database)
        effects = folder / "effects.txt"
        effects.touch()
        for host in HOSTS:
            if host.startswith("receiver"):
                processes.append(start(folder, host, address, effects, "serve", "--no-worker"))
            elif host.startswith("worker"):
                processes.append(start(folder, host, address, effects, "worker", "--jobs", "4"))
        return load(sql, effects)
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def load(sql, effects):
    began = time.monotonic()
    receivers = [f"receiver{1 + number % 2}" for number in range(DELIVERIES)]
    with concurrent.futures.ThreadPoolExecutor(SENDERS) as pool:
        half = DELIVERIES // 2
        runs = list(pool.map(deliver, receivers[:half], range(half)))
        until(f"a run on {CUT}", 60, lambda: CUT in effects.read_text())
        run(*inside(CUT, "ip", "link", "set", "eth0", "down"))
        runs += pool.map(deliver, receivers[half:], range(half, DELIVERIES))
    sent = time.monotonic() - began
    until("the end of every run", END_MAX, lambda: sql("SELECT count(*) FROM run WHERE state <> 'completed'") == "0")
    ended = time.monotonic() - began
    begun = [line.split() for line in effects.read_text().splitlines()]
    acknowledged = {run for run in runs if run}
    stored = dict(line.split("|") for line in sql("SELECT id, result FROM run").splitlines())
    print(f"{'host':<12} {'acknowledged':>12} {'runs begun':>10}")
    for host in HOSTS:
        own = sum(1 for receiver, run in zip(receivers, runs) if receiver == host and run)
        worked = sum(1 for _, worker in begun if worker == host)
        cut = "  cut off in the midst" if host == CUT else ""
        if host != "db":
            print(f"{host:<12} {own or '':>12} {worked or '':>10}{cut}")
    results = collections.Counter(stored.values())
    twice = [number for number, count in collections.Counter(number for number, _ in begun).items() if count > 1]
    lost = acknowledged - stored.keys()
    print(f"\n{len(acknowledged)} of {DELIVERIES} acknowledged in {sent:.1f} s, every run ended after {ended:.1f} s")
    print(f"results: {', '.join(f'{count} {result}' for result, count in sorted(results.items()))}")
    print(f"acknowledged and lost: {len(lost)}; begun more than once: {len(twice)}")
    return 1 if lost or twice else 0


def main():
    if os.geteuid() != 0 or not shutil.which("ip") or not glob.glob("/usr/lib/postgresql/*/bin/initdb"):
        sys.exit("not run: this needs root, `ip` and Debian's `postgresql`")
    disconnect_hosts()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pipehook-hosts-"))
    try:
        connect_hosts()
        return measure(folder)
    finally:
        disconnect_hosts()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
