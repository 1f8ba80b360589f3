import { certainEnds, kubeletConfigPath, kubeletEndedFunction } from '../kubelet/index.ts'

/** What a script prints on stderr, with the kubelet's last words, when it has ended kubeadm because of them. */
export const kubeletGivenUp = 'the kubelet ends again and again: '

const folder = '/run/evcctl'
const started = `${folder}/kubeadm.pid`
const givenUp = `${folder}/kubelet.given-up`

/**
 * Shell function `watched COMMAND…`: runs a kubeadm that creates a node, and watches the kubelet that it starts. The kubelet
 * may log within two seconds why it cannot start, but kubeadm waits for four minutes. The function shows the reason at once,
 * and ends kubeadm as soon as it is certain. Only a kubelet with the configuration of this kubeadm counts.
 */
export const watchedFunction = `${kubeletEndedFunction}watch_kubelet() {
  since= told= looked=0
  # What is left of it when it is ended must not keep the output open.
  while sleep 1 >/dev/null 2>&1 && kill -s 0 "$$" 2>/dev/null; do
    now=$(date +%s)
    if [ -z "$since" ]; then
      # -nt of dash knows whole seconds only.
      if [ -e ${kubeletConfigPath} ] && [ -z "$(find ${started} -newer ${kubeletConfigPath} 2>/dev/null)" ]; then since=$now looked=$now; fi
      continue
    fi
    if [ $(( now - looked )) -lt 3 ]; then continue; fi
    looked=$now
    words=$(kubelet_ended "$since" 1) || continue
    if [ "$words" != "$told" ]; then echo "the kubelet has ended: $words"; told=$words; fi
    if words=$(kubelet_ended "$since" ${certainEnds}); then
      printf '%s\\n' "$words" >${givenUp}
      kill "$(cat ${started})" 2>/dev/null || :
      break
    fi
  done
}
watched() {
  mkdir -p ${folder}
  rm -f ${givenUp} ${started}
  ended=0
  watch_kubelet &
  watcher=$!
  sh -c 'echo "$$" >${started}; exec "$@"' sh "$@" || ended=$?
  kill "$watcher" 2>/dev/null || :
  wait "$watcher" 2>/dev/null || :
  rm -f ${started}
  if [ "$ended" -ne 0 ] && [ -s ${givenUp} ]; then echo "${kubeletGivenUp}$(cat ${givenUp})" >&2; fi
  rm -f ${givenUp}
  return "$ended"
}
`
