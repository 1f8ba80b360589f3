#!/bin/sh
# Prepares a fresh Debian machine to build and test evcctl: node modules, Docker, mmdebstrap.
# It needs only sh, npm and Node 20 or newer: npm ci installs the Node for everything else. It is safe to run again, and does nothing (in under a second) if nothing is missing.
set -eu
cd "$(dirname "$0")/.."

wait_seconds=${EVCCTL_DOCKER_WAIT:-60}
docker_log=/var/log/dockerd.log

say() { printf '%s\n' "setup: $*"; }

fail() {
  printf '%s\n' "setup: $*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# dockerd, iptables and mmdebstrap are in sbin, which may be missing in a user's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# npm install writes both lock files at almost the same time, in either order. If the order does not tell, npm itself does.
node_modules_current() {
  installed=node_modules/.package-lock.json
  [ -f "$installed" ] || return 1
  [ -n "$(find package-lock.json -newer "$installed")" ] || return 0
  case $(npm install --dry-run --offline --ignore-scripts --no-audit --no-fund 2>/dev/null) in
    *'up to date'*) touch "$installed" ;;
    *) return 1 ;;
  esac
}

docker_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

systemd_runs() { [ -d /run/systemd/system ]; }

start_docker() {
  if systemd_runs; then
    say "starting docker.service"
    as_root systemctl enable --now docker.service
  else
    say "starting dockerd (log: $docker_log)"
    # With a session and descriptors of its own, dockerd outlives this shell and keeps no pipe of the caller open.
    as_root sh -c 'setsid nohup dockerd </dev/null >>"$0" 2>&1 &' "$docker_log"
  fi
}

docker_log_tail() {
  if systemd_runs; then
    as_root journalctl --unit docker.service --no-pager --lines 20
  else
    tail -n 20 "$docker_log"
  fi
}

wait_for_docker() {
  waited=0
  until docker_answers; do
    if [ "$waited" -ge "$((wait_seconds * 5))" ]; then
      docker_log_tail >&2 || true
      fail "the Docker daemon did not answer within $wait_seconds s; the end of its log is above"
    fi
    sleep 0.2
    waited=$((waited + 1))
  done
}

# node_is MAJOR MINOR: whether Node has this version or a newer one.
node_is() {
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number)
    const [wantedMajor, wantedMinor] = process.argv.slice(1).map(Number)
    process.exit(major > wantedMajor || (major === wantedMajor && minor >= wantedMinor) ? 0 : 1)' "$1" "$2"
}

have node && have npm || fail "expected npm and Node 20 or newer on PATH; install them first (https://nodejs.org)"
node_is 20 0 || fail "expected Node 20 or newer; this is $(node --version): install a newer one first (https://nodejs.org)"

missing_packages=
have dockerd && have docker || missing_packages="docker.io"
have iptables || missing_packages="$missing_packages iptables"
have mmdebstrap || missing_packages="$missing_packages mmdebstrap"
modules=
node_modules_current || modules=missing

# npm ci empties node_modules before it fills it, and follows a link there. Other working trees may use the target of the link.
if [ -n "$modules" ] && [ -L node_modules ]; then
  fail "node_modules is a link to $(readlink node_modules), which npm ci would empty: remove the link, or install there"
fi
if [ -n "$modules" ]; then say "will install: node modules of package-lock.json (npm ci)"; fi
if [ -n "$missing_packages" ]; then say "will install: Debian packages" $missing_packages "(apt-get)"; fi

if [ -n "$missing_packages" ]; then
  have apt-get || fail "this machine has no apt-get: install$missing_packages by hand, then run this again"
  as_root apt-get update -q
  # shellcheck disable=SC2086 # one word a package
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing_packages
fi

if [ -n "$modules" ]; then npm ci --no-audit --no-fund; fi

# npm silently omits an optional package whose checksum does not match. Node is optional because of its architectures.
case $(uname -s)/$(uname -m) in
  Linux/x86_64 | Linux/aarch64)
    [ -x node_modules/.bin/node ] ||
      fail "the Node of package-lock.json is missing: npm could not download it, or its checksum does not match; see the log of npm ci"
    ;;
  *)
    # The locked Node does not exist for this machine. From this version on, Node runs TypeScript directly.
    node_is 22 18 || fail "expected Node 22.18 or newer on $(uname -s)/$(uname -m); this is $(node --version)"
    ;;
esac

if ! docker_answers; then
  start_docker
  wait_for_docker
fi

# All container hosts share the machine's limit: systemd, containerd and the kubelet of each use about 15, and Debian
# allows 128 in total. The new limit lasts until the next boot.
inotify=/proc/sys/fs/inotify/max_user_instances
if [ "$(cat $inotify)" -lt 1024 ]; then
  say "raising fs.inotify.max_user_instances from $(cat $inotify) to 1024 until the next boot: more than six container hosts need it"
  as_root sysctl -q -w fs.inotify.max_user_instances=1024 || say "could not raise it: kubelets may fail with more than six hosts"
fi

say "ready: node modules, Docker $(docker version --format '{{.Server.Version}}'), mmdebstrap"
