import { createHash } from 'node:crypto'

/** The Debian releases that a host image can have. */
export const suites = ['bookworm', 'trixie'] as const
export type Suite = (typeof suites)[number]

/**
 * What is in the image. `full` has everything evcctl's roles install, so that hosts work without any traffic to the
 * outside; `bare` is a fresh server: systemd, sshd, sudo and no more, for tests of package installation; `firewalls` is
 * `full` with the firewalls that have a program of their own, all of them switched off.
 */
export type ImageVariant = 'full' | 'bare' | 'firewalls'

const barePackages = [
  'ca-certificates',
  'curl',
  'dbus',
  'iproute2',
  'iputils-ping',
  'kmod',
  'libcap2-bin',
  'nftables',
  'openssh-server',
  'procps',
  'sudo',
  'systemd',
  'systemd-sysv',
]

const fullPackages = [
  ...barePackages,
  'conntrack',
  'ethtool',
  'haproxy',
  'iptables',
  'libnginx-mod-stream',
  'nginx',
  'openssl',
  'socat',
]

const packagesOf: Readonly<Record<ImageVariant, readonly string[]>> = {
  full: fullPackages,
  bare: barePackages,
  firewalls: [...fullPackages, 'firewalld', 'ufw'],
}

/** Files under these paths are not installed: documentation and translations would be a third of the image. */
export const excludedPaths = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*']

// These units are of no use without hardware or a console, or run on a timer.
// systemd-user-sessions stays: without it /run/nologin is never removed and every login is refused.
const maskedUnits = [
  'apt-daily-upgrade.timer',
  'apt-daily.timer',
  'console-getty.service',
  'dev-hugepages.mount',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
  'getty-static.service',
  'getty.target',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-journald-audit.socket',
  'systemd-logind.service',
  'systemd-modules-load.service',
  'systemd-udev-trigger.service',
  'systemd-udevd-control.socket',
  'systemd-udevd-kernel.socket',
  'systemd-udevd.service',
  'tmp.mount',
]

const disabledUnits = ['haproxy.service', 'nftables.service', 'nginx.service']

const firewallUnits = ['firewalld.service', 'ufw.service']

/**
 * The shell script that turns an installed Debian into the host image. Runs once, as root, inside the image's root.
 * Identity (machine-id, SSH host keys) is left out: every host makes its own at its first start. So is the entry script:
 * it is put into each container, so that changing it makes no new image.
 */
function setupScript(variant: ImageVariant): string {
  const disabled = variant === 'firewalls' ? [...disabledUnits, ...firewallUnits] : disabledUnits
  return `set -eu
systemctl mask ${maskedUnits.join(' ')} 2>/dev/null
for unit in ${disabled.join(' ')}; do systemctl disable "$unit" 2>/dev/null || true; done
systemctl set-default multi-user.target 2>/dev/null
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/log/*.log /var/log/apt
`
}

/** Everything an image is made from; its hash names the image, so a changed recipe makes a new one. */
export interface ImageRecipe {
  readonly suite: Suite
  readonly packages: readonly string[]
  readonly setup: string
  /** Dockerfile instructions for the finished image, of those that an import takes too. */
  readonly changes: readonly string[]
}

/** The recipe of a host image. Pure. */
export function imageRecipe(suite: Suite, variant: ImageVariant): ImageRecipe {
  return {
    suite,
    packages: packagesOf[variant],
    setup: setupScript(variant),
    changes: ['ENV container=docker'],
  }
}

/** The name of the image that a recipe makes: `evcctl/host:<suite>-<hash of the recipe>`. Pure. */
export function imageName(suite: Suite, variant: ImageVariant): string {
  const recipe = imageRecipe(suite, variant)
  const hash = createHash('sha256')
    .update(JSON.stringify([recipe, excludedPaths]))
    .digest('hex')
  return `evcctl/host:${suite}-${variant === 'full' ? '' : `${variant}-`}${hash.slice(0, 12)}`
}
