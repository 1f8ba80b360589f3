import { syncLine } from '../../shell/on-disk.ts'
import { formerManifests } from './static-pods.ts'

/*
 * An etcd of a newer minor raises the version of the cluster, and of its own data, as soon as all members have that minor: a single
 * member at once. From then on, no etcd of the former minor starts. So what goes back has the newer etcd from the moment before it is
 * put in. The former one is kept beside it, and goes back if the newer one has certainly not written.
 */

/** The manifest of the former etcd, once the one that goes back is the newer one. */
const former = `${formerManifests}/etcd.former`
const goesBack = `${formerManifests}/etcd.yaml`
/** What the data of etcd were like before the newer one was put in; see `etcd_data`. */
const dataBefore = `${formerManifests}/etcd.data`

/** What is said where the newer etcd stays. */
export const etcdStays = 'etcd stays with its new version: the former one may not be able to read what that has written'

/**
 * Shell functions for an etcd that is taken back:
 *
 * - `etcd_data`: prints what the files of etcd are like, since the host was booted: a power cut may lose the times of files.
 * - `etcd_goes_back`: lets the former etcd go back, if the newer one has not written anything. It takes the newer one out first, which
 *   may be about to start. Needs `takes_out`.
 * - `etcd_stays`: succeeds if the newer one is what goes back.
 */
export const formerEtcdFunction = `etcd_data() {
  cat /proc/sys/kernel/random/boot_id 2>/dev/null || :
  sed -n -e 's/^ *- --data-dir=//p' -e 's/^ *- --wal-dir=//p' "$1" 2>/dev/null | while read -r folder; do
    find "$folder" -type f -exec stat -c '%n %i %s %y %z' {} + 2>/dev/null || :
  done | sort
}
etcd_untouched() {
  [ -e ${former} ] && [ "$(sed -n 2p ${dataBefore})" ] && [ "$(etcd_data ${former})" = "$(cat ${dataBefore})" ]
}
etcd_goes_back() {
  if ! etcd_untouched; then return 0; fi
  takes_out etcd
  if ! etcd_untouched; then return 0; fi
  mv -fT ${former} ${goesBack}
  ${syncLine(formerManifests)}
}
etcd_stays() { [ -e ${former} ] && ! cmp -s ${former} ${goesBack}; }
`

/**
 * A shell function `etcd_goes NEXT`: prints whether the manifest NEXT has an etcd of a minor that is `newer` than the former one, `older`,
 * or the `same`. Of tags that are no versions, any other one counts as newer.
 */
export const etcdOrderFunction = `image_in() { sed -n 's/^ *image: *//p' "$1" 2>/dev/null | head -n 1; }
minor_in() {
  image_in "$1" | sed -n 's|.*:v\\{0,1\\}\\([0-9]\\{1,3\\}\\)\\.\\([0-9]\\{1,3\\}\\)\\..*|\\1 \\2|p' |
    { read -r major minor && echo $(( major * 1000 + minor )); } || :
}
etcd_goes() {
  had=$(minor_in ${goesBack})
  gets=$(minor_in "$1")
  if [ "$(image_in ${goesBack})" = "$(image_in "$1")" ] || [ ! -s ${goesBack} ]; then echo same
  elif [ -z "$had" ] || [ -z "$gets" ] || [ "$gets" -gt "$had" ]; then echo newer
  elif [ "$gets" -lt "$had" ]; then echo older
  else echo same; fi
}
`

/**
 * Lines of sh that run when the former etcd has ended and before a newer one is put in: from now on, the newer one is what goes back.
 *
 * @param next the manifest of the newer etcd
 */
export function keepNewerEtcd(next: string): string {
  // Where that cannot be told, too.
  return `order=$(etcd_goes ${next} || :)
if [ "$order" != same ] && [ "$order" != older ]; then
  etcd_data ${goesBack} >${dataBefore}
  cp -p ${goesBack} ${former}
  cp -p ${next} ${goesBack}.next
  ${syncLine(`${dataBefore} ${former} ${goesBack}.next ${formerManifests}`)}
  mv -fT ${goesBack}.next ${goesBack}
  ${syncLine(formerManifests)}
fi`
}

/**
 * Lines of sh that leave etcd as it is where the manifest `next` has an older minor: the version of Kubernetes that is wanted may be
 * older than the one that etcd came with.
 */
export function refuseOlderEtcd(next: string): string {
  return `if [ "$(etcd_goes ${next})" = older ]; then
  echo '${etcdStays}'
  cp -p ${goesBack} ${next}
fi`
}
