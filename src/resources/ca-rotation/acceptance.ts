import { nextKeyFunction, rotationFiles } from '../kubeadm/index.ts'
import { workFolder } from './work-folder.ts'

const { trust, formerKey } = rotationFiles

/** An API server looks at the file of its clients' CAs when it changes, and once a minute in any case. */
const longestLookSeconds = 150

/**
 * A function of sh: `takes_up SERVER next` waits until the API server lets a client in that the next CA has signed, and
 * `takes_up SERVER former` until it lets none in any more that the former CA has signed. The client is nobody that may do
 * anything: an API server answers 401 to a certificate that it does not trust, whatever it is asked.
 */
export const acceptanceFunction = `${nextKeyFunction}takes_up() {
  folder=${trust.slice(0, trust.lastIndexOf('/'))}
  if [ "$2" = former ] && [ ! -s ${formerKey} ]; then
    # It joined when the new CA signed already. Nothing shows what its API server has read but the time.
    sleep 65
    return 0
  fi
  ${workFolder('ca-acceptance').trimEnd().replaceAll('\n', '\n  ')}
  signer=$folder/$2.key
  if [ "$2" = next ]; then signer=$(next_key); fi
  printf 'extendedKeyUsage=clientAuth\\nauthorityKeyIdentifier=keyid\\n' >"$work/extensions"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/key" \\
    -subj /CN=evcctl-ca-check -out "$work/request" 2>/dev/null
  openssl x509 -req -in "$work/request" -CA "$folder/$2.crt" -CAkey "$signer" -days 1 \\
    -set_serial "0x$(openssl rand -hex 8)" -extfile "$work/extensions" -out "$work/certificate" 2>/dev/null
  cat "$folder/former.crt" "$folder/next.crt" >"$work/trusted"
  end=$(( $(date +%s) + ${longestLookSeconds} ))
  while :; do
    code=$(curl -q --silent --noproxy '*' --max-time 5 --output /dev/null --write-out '%{http_code}' --cacert "$work/trusted" \\
      --cert "$work/certificate" --key "$work/key" "$1/livez") || :
    case "$2 $code" in 'former 401') return 0 ;; 'former '* | *' 000' | *' 401') ;; *) return 0 ;; esac
    if [ "$(date +%s)" -ge "$end" ]; then
      echo "the API server answers $code to a client that the $2 CA has signed" >&2
      return 1
    fi
    echo 'waiting until the API server has read its CAs'
    sleep 0.5
  done
}
`
