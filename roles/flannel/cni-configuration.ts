const decided = '/run/flannel/subnet.env'
const target = '/etc/cni/net.d/10-flannel.conflist'

/** The files with what flannel decides for a node. They must not survive when the host becomes another node. */
export const flannelsOwnFiles: readonly string[] = [decided, target]

/**
 * A template of the CNI configuration: flanneld decides the values on each node. The bridge and host-local plugins of the
 * standard set do the work of flannel's own plugin. Without hairpinMode and isDefaultGateway a pod could not reach itself
 * through its Service, nor anything outside. forceAddress is set because a node may get another part of the range.
 */
export const cniTemplate = `${JSON.stringify(
  {
    cniVersion: '1.0.0',
    name: 'cbr0',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        mtu: '@MTU@',
        hairpinMode: true,
        isDefaultGateway: true,
        forceAddress: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: '@SUBNET@' }]], routes: [{ dst: '@NETWORK@' }] },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  },
  undefined,
  2,
).replace('"@MTU@"', '@MTU@')}\n`

/**
 * Fills in the template on a node, at once and whenever flanneld decides otherwise. It runs in flannel's own image and
 * needs only sh and sed. The file is replaced by rename, because containerd reads the folder whenever it changes.
 */
export const cniScript = `set -eu
trap 'exit 0' TERM INT
decided=${decided}
template=/etc/kube-flannel/cni-conf.json
target=${target}

value() { sed -n "s/^$1=//p" "$decided"; }

# 10.244.3.1/24 is the bridge's address; host-local wants 10.244.3.0/24.
network_of() {
  prefix=\${1#*/}
  saved=$IFS
  IFS=.
  set -- \${1%/*}
  IFS=$saved
  number=$(( ($1 << 24 | $2 << 16 | $3 << 8 | $4) & (0xffffffff << (32 - prefix)) & 0xffffffff ))
  echo "$(( number >> 24 )).$(( number >> 16 & 255 )).$(( number >> 8 & 255 )).$(( number & 255 ))/$prefix"
}

while :; do
  pause=1
  if [ -s "$decided" ] && [ -n "$(value FLANNEL_MTU)" ]; then
    subnet=$(network_of "$(value FLANNEL_SUBNET)")
    wanted=$(sed "s|@SUBNET@|$subnet|; s|@NETWORK@|$(value FLANNEL_NETWORK)|; s|@MTU@|$(value FLANNEL_MTU)|" "$template")
    if [ ! -f "$target" ] || [ "$wanted" != "$(cat "$target")" ]; then
      printf '%s\\n' "$wanted" >"$target.next"
      mv -f "$target.next" "$target"
      echo "wrote $target for $subnet"
    fi
    pause=10
  fi
  sleep "$pause" &
  wait $!
done
`
