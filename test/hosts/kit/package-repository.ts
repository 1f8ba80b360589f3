import type { LocalHosts } from '../../../src/local/hosts.ts'

/** What is in a repository that a test makes. */
export interface PackageRepository {
  /** Packages, empty but for their names. */
  readonly names: readonly string[]
  /** The one of them that brings a unit of its name, and starts it when it is installed, as Debian's packages do. */
  readonly service: string
}

// The maintainer script is what debhelper (dh_installsystemd 13) puts into packages.
const script = `set -eu
folder=/srv/packages
mkdir -p $folder
cd $folder
for name in $NAMES; do
  mkdir -p $name/DEBIAN
  printf 'Package: %s\\nVersion: 1\\nArchitecture: all\\nMaintainer: test <test@localhost>\\nDescription: test\\n' $name >$name/DEBIAN/control
  if [ $name = $SERVICE ]; then
    mkdir -p $name/usr/lib/systemd/system
    printf '[Service]\\nExecStartPre=touch /run/started\\nExecStart=sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n' >$name/usr/lib/systemd/system/$SERVICE.service
    printf '#!/bin/sh\\nset -e\\nif [ "$1" = configure ]; then\\n  deb-systemd-helper unmask $SERVICE.service >/dev/null || true\\n  if deb-systemd-helper --quiet was-enabled $SERVICE.service; then deb-systemd-helper enable $SERVICE.service >/dev/null || true; fi\\n  systemctl --system daemon-reload >/dev/null || true\\n  deb-systemd-invoke start $SERVICE.service >/dev/null || true\\nfi\\n' | sed "s/\\$SERVICE/$SERVICE/g" >$name/DEBIAN/postinst
    chmod 755 $name/DEBIAN/postinst
  fi
  dpkg-deb --build --root-owner-group $name $name.deb >/dev/null
  { dpkg-deb -f $name.deb; echo "Filename: ./$name.deb"; echo "Size: $(stat -c %s $name.deb)"; echo "SHA256: $(sha256sum $name.deb | cut -c 1-64)"; echo; } >>Packages
done
rm -rf /etc/apt/sources.list* /var/lib/apt/lists/*
echo "deb [trusted=yes] file:$folder ./" >/etc/apt/sources.list
`

/** Makes a package repository on a host itself, and makes it the only one. */
export async function packageRepository(hosts: LocalHosts, host: string, repository: PackageRepository): Promise<void> {
  const variables = `NAMES='${repository.names.join(' ')}' SERVICE='${repository.service}'\n`
  const { exitCode, stderr } = await hosts.exec(host, variables + script)
  if (exitCode !== 0) throw new Error(`making packages on ${host} exited with ${exitCode}: ${stderr}`)
}
