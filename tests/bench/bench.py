"""Prints what Gantry costs: start-up, own time and memory of a diff that changes nothing, requests, and the wall
time of an apply beside the critical path of the services. Figures only; nothing here passes or fails.

    build/venv/bin/python tests/bench/bench.py build/release/bin/gantry

Own time is user + system CPU of the gantry process (getrusage). The services are an embedded cloud on loopback, which
does not count towards own time, only towards wall time. `gantry-mcp` has to stand beside the binary, or to be
named by GANTRY_MCP_BINARY.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = str(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/release/bin/gantry").resolve())
os.environ["GANTRY_BINARY"] = BINARY
sys.path.insert(0, str(ROOT))

from tests.integration.harness import ACCOUNT, REGION, SERVER, StackCloud  # noqa: E402

# A process starts with the peak memory of the one that forked it, so a large Python must not be the parent.
METER = """
use Time::HiRes qw(time);
my $to = shift; my $begin = time;
system {$ARGV[0]} @ARGV; my $status = $?; my $wall = time - $begin;
my $usage = "\\0" x 144; syscall(98, -1, $usage) == 0 or die;   # getrusage(RUSAGE_CHILDREN) on Linux
my @f = unpack("q5", $usage);
open(my $file, ">", $to) or die;
printf $file "%f %f %d %d", $wall, $f[0] + $f[2] + ($f[1] + $f[3]) / 1e6, $f[4], $status;
"""
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/lark-mcp:latest"


class Cloud(StackCloud):
    """With what the manifests here expect."""

    def __init__(self, **knobs):
        super().__init__(**knobs, page_size=0, empty_pages=False, extra_members=False)
        place = {"account": ACCOUNT, "region": REGION, "name": "lark_tools_lark"}
        self.admin("PUT", "/commands", {**place, "command": SERVER})


def run(arguments, folder, cloud=None):
    """Wall seconds, own seconds, peak resident MB and exit code of one gantry process."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true",
                   "AWS_REGION": REGION}
    command = [BINARY, *arguments]
    if cloud:
        environment.update(AWS_ACCESS_KEY_ID=cloud.key[0], AWS_SECRET_ACCESS_KEY=cloud.key[1])
        command += ["--endpoint-url", cloud.url]
    with open(Path(folder) / "output", "wb") as output, open(Path(folder) / "usage", "w+b") as usage:
        subprocess.run(["perl", "-e", METER, f"/dev/fd/{usage.fileno()}", *command], cwd=folder, env=environment,
                       stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, pass_fds=[usage.fileno()],
                       check=True)
        usage.seek(0)
        wall, own, kilobytes, status = usage.read().split()
    return float(wall), float(own), int(kilobytes) / 1024, os.waitstatus_to_exitcode(int(status))


def must(result, folder, *codes):
    if result[3] not in codes:
        sys.exit(f"gantry ended with {result[3]}:\n" + (Path(folder) / "output").read_text()[-3000:])
    return result


def quick_suite():
    return f"""gantry: 1
stack: lark-tools
identity:
  mcp:
    resourceServer: MyGateway
    scopes: {{invoke: Invoke gateway tools}}
    clients: {{quick-suite: {{scopes: [invoke]}}}}
gateways: {{tools: {{description: Lark tools, identity: mcp}}}}
runtimes:
  lark: {{image: "{IMAGE}", environment: {{MCP_TRANSPORT: http, PORT: "8000"}}}}
targets:
  lark: {{gateway: tools, runtime: lark}}
"""


def many(targets, gateways):
    lines = ["gantry: 1", "stack: many", "identity:", "  mcp:", "    resourceServer: MyGateway",
             "    scopes: {invoke: Invoke}", "    clients: {all: {scopes: [invoke]}}", "gateways:"]
    lines += [f"  g{i}: {{identity: mcp}}" for i in range(gateways)]
    lines += ["targets:"]
    lines += [f"  t{i}: {{gateway: g{i % gateways}, endpoint: 'https://t{i}.example.com/mcp'}}"
              for i in range(targets)]
    return "\n".join(lines) + "\n"


def startup(folder):
    runs = [run(["version"], folder) for _ in range(30)]
    print(f"version: {statistics.median(r[0] for r in runs) * 1000:.1f} ms wall, "
          f"{statistics.median(r[1] for r in runs) * 1000:.1f} ms own, {max(r[2] for r in runs):.1f} MB  (30 runs)")


def no_op_diff(name, manifest, runs):
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud(ready_ms=5, delete_ms=5, domain_ms=5)
        try:
            (Path(folder) / "gantry.yaml").write_text(manifest)
            wall = must(run(["apply", "--yes", "--quiet"], folder, cloud), folder, 0)
            made = len(cloud.calls())
            results = [must(run(["diff", "--exit-code"], folder, cloud), folder, 0) for _ in range(runs)]
            asked = (len(cloud.calls()) - made) // runs
            print(f"{name}: diff {statistics.median(r[1] for r in results) * 1000:.0f} ms own, "
                  f"{statistics.median(r[0] for r in results) * 1000:.0f} ms wall, "
                  f"{max(r[2] for r in results):.1f} MB, {asked} requests  ({runs} runs); "
                  f"apply {wall[0]:.1f} s wall, {wall[1]:.2f} s own, {wall[2]:.1f} MB, {made} requests")
        finally:
            cloud.stop()


def critical_path(ready_ms, latency_ms):
    """The longest chain of the quick-suite stack: runtime, its DEFAULT endpoint (half the time there), target;
    the gateway is made beside the runtime. What calls take is not counted into the path."""
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud(ready_ms=ready_ms, latency_ms=latency_ms, domain_ms=ready_ms)
        try:
            (Path(folder) / "gantry.yaml").write_text(quick_suite())
            wall = must(run(["apply", "--yes", "--quiet"], folder, cloud), folder, 0)
            path = 2.5 * ready_ms / 1000
            print(f"apply with {ready_ms} ms to READY and {latency_ms} ms a call: {wall[0]:.2f} s wall; the services "
                  f"alone need {path:.2f} s one after the other (runtime, endpoint, target): factor {wall[0] / path:.3f}")
        finally:
            cloud.stop()


def main():
    size = os.path.getsize(BINARY) / 1e6
    print(f"{BINARY}: {size:.2f} MB; {os.cpu_count()} cores")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory() as folder:
        startup(folder)
    no_op_diff("quick-suite", quick_suite(), 10)
    no_op_diff("100 targets over 20 gateways", many(100, 20), 5)
    no_op_diff("1,000 targets over 20 gateways", many(1000, 20), 3)
    critical_path(20000, 50)


if __name__ == "__main__":
    main()
