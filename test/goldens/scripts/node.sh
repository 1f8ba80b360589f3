### node:cp1 on cp1: probe
if [ -e /var/lib/evcctl/kubelet.unproven ]; then echo unproven=yes; fi
if [ ! -s /var/lib/kubelet/pki/kubelet-client-current.pem ]; then echo state=absent; exit 0; fi
get() {
  curl -q --silent --show-error --max-time 5 --user-agent evcctl --cacert /etc/kubernetes/pki/ca.crt \
    --cert /var/lib/kubelet/pki/kubelet-client-current.pem "$@" 2>&1
}
node() { get --header 'Accept: application/json;as=Table;g=meta.k8s.io;v=v1' 'https://127.0.0.1:7443/api/v1/nodes/cp1?includeObject=None'; }
own_api() {
  for pause in 1 0; do
    said=$(get --write-out '\n%{http_code}' 'https://192.0.2.11:6443/readyz?verbose') || :
    case $said in *[!0-9]200 | *[!0-9]401 | *[!0-9]403) return 0 ;; esac
    sleep "$pause"
  done
  failing=$(printf '%s\n' "$said" | grep '^\[-\]' || printf '%s' "$said")
  printf 'state=api down\nsaid=%s\n' "$(printf '%s' "$failing" | tr '\n' ' ' | cut -c 1-300)"
  return 1
}
answer=$(node) || { sleep 1; answer=$(node); } || { printf 'state=unreachable\nsaid=%s\n' "$answer"; exit 0; }
case $answer in
  *'"cells":["cp1",''"Ready'*) if own_api; then echo state=ready; fi ;;
  *'"cells":["cp1",''"NotReady'* | *'"cells":["cp1",''"Unknown'*) if own_api; then echo 'state=not ready'; fi ;;
  # Errors come with a blank after the colon.
  *'"reason":'*'"NotFound"'*) echo state=absent ;;
  *) printf 'state=unreachable\nsaid=%s\n' "$(printf '%s' "$answer" | tr '\n' ' ' | cut -c 1-300)" ;;
esac

### node:cp1 on cp1: step 1
ask() {
  ( if [ ! -s /var/lib/kubelet/pki/kubelet-client-current.pem ]; then echo state=absent; exit 0; fi
    get() {
      curl -q --silent --show-error --max-time 5 --user-agent evcctl --cacert /etc/kubernetes/pki/ca.crt \
        --cert /var/lib/kubelet/pki/kubelet-client-current.pem "$@" 2>&1
    }
    node() { get --header 'Accept: application/json;as=Table;g=meta.k8s.io;v=v1' 'https://127.0.0.1:7443/api/v1/nodes/cp1?includeObject=None'; }
    own_api() {
      for pause in 1 0; do
        said=$(get --write-out '\n%{http_code}' 'https://192.0.2.11:6443/readyz?verbose') || :
        case $said in *[!0-9]200 | *[!0-9]401 | *[!0-9]403) return 0 ;; esac
        sleep "$pause"
      done
      failing=$(printf '%s\n' "$said" | grep '^\[-\]' || printf '%s' "$said")
      printf 'state=api down\nsaid=%s\n' "$(printf '%s' "$failing" | tr '\n' ' ' | cut -c 1-300)"
      return 1
    }
    answer=$(node) || { sleep 1; answer=$(node); } || { printf 'state=unreachable\nsaid=%s\n' "$answer"; exit 0; }
    case $answer in
      *'"cells":["cp1",''"Ready'*) if own_api; then echo state=ready; fi ;;
      *'"cells":["cp1",''"NotReady'* | *'"cells":["cp1",''"Unknown'*) if own_api; then echo 'state=not ready'; fi ;;
      # Errors come with a blank after the colon.
      *'"reason":'*'"NotFound"'*) echo state=absent ;;
      *) printf 'state=unreachable\nsaid=%s\n' "$(printf '%s' "$answer" | tr '\n' ' ' | cut -c 1-300)" ;;
    esac
  )
}
pulls() {
  ls -s /var/lib/docker/tmp 2>/dev/null || :
  curl -q -sS --unix-socket /run/docker.sock --max-time 10 http://docker/images/json 2>/dev/null | sed 's/"RepoTags":/\n&/g' |
      sed -n 's/^"RepoTags":\[\([^]]*\)\].*/\1/p' | tr -d '"' | tr ',' '\n' | grep . || :
}
seen= looked=0 since=$(date +%s)
while :; do
  answer=$(ask)
  case $answer in state=ready) exit 0;; esac
  now=$(date +%s)
  # A clock that is put back must not make anybody wait longer.
  if [ "$now" -lt "$since" ]; then since=$now looked=0; fi
  if [ $(( now - looked )) -ge 5 ]; then
    printf '%s\n' "${answer#state=}"
    looked=$now before=$seen seen=$(pulls)
    if [ "$seen" != "$before" ]; then since=$now; fi
  fi
  if [ $(( now - since )) -ge 300 ]; then break; fi
  sleep 0.5
done
printf '%s\n' "${answer#state=}" >&2
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/kubelet.conf --cache-dir=/dev/null/evcctl --request-timeout=10s get node cp1 -o go-template='{{range .status.conditions}}{{if eq .type "Ready"}}{{.message}}{{"\n"}}{{end}}{{end}}' 2>/dev/null | cut -c 1-600 >&2 || :
/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/kubelet.conf --cache-dir=/dev/null/evcctl --request-timeout=10s get pods --all-namespaces --field-selector spec.nodeName=cp1 -o go-template='{{range .items}}{{$pod := printf "%s on %s" .metadata.name (or .spec.nodeName "no node")}}{{range .status.conditions}}{{if and (eq .type "PodScheduled") (eq .status "False")}}{{$pod}}: {{.message}}{{"\n"}}{{end}}{{end}}{{range $container := .status.initContainerStatuses}}{{with .state.waiting}}{{if ne .reason "PodInitializing"}}{{$pod}}: {{$container.name}}: {{.reason}}{{with .message}}: {{.}}{{end}}{{with $container.lastState.terminated}}{{if eq .reason "StartError"}}: {{.message}}{{else}}, exit code {{.exitCode}}{{end}}{{end}}{{"\n"}}{{end}}{{end}}{{with .state.terminated}}{{if ne .reason "Completed"}}{{$pod}}: {{$container.name}}: {{.reason}}, exit code {{.exitCode}}{{"\n"}}{{end}}{{end}}{{if .state.running}}{{$pod}}: {{.name}} has not ended{{"\n"}}{{end}}{{end}}{{range $container := .status.containerStatuses}}{{with .state.waiting}}{{if ne .reason "PodInitializing"}}{{$pod}}: {{$container.name}}: {{.reason}}{{with .message}}: {{.}}{{end}}{{with $container.lastState.terminated}}{{if eq .reason "StartError"}}: {{.message}}{{else}}, exit code {{.exitCode}}{{end}}{{end}}{{"\n"}}{{end}}{{end}}{{with .state.terminated}}{{if ne .reason "Completed"}}{{$pod}}: {{$container.name}}: {{.reason}}, exit code {{.exitCode}}{{"\n"}}{{end}}{{end}}{{if and .state.running (not .ready)}}{{$pod}}: {{.name}} runs, but is not ready{{"\n"}}{{end}}{{end}}{{end}}' 2>/dev/null | cut -c 1-600 | head -n 8 >&2 || :
exit 1

### node:w1 on w1: probe, of 16 lines
…
own_api() { :; }
…

### node:w1 on w1: step 1, of 42 lines
…
    own_api() { :; }
…

### node:cp1 on cp1: step 1, of 50 lines
…
  ls -Rs /var/tmp/container_images_* 2>/dev/null || :
  timeout 10 /usr/local/bin/crictl --runtime-endpoint unix:///run/crio/crio.sock images 2>/dev/null | sed -n '2,$s/^\([^ ]*\)  *\([^ ]*\) .*/\1:\2/p' || :
…

### node:cp1 on cp1: step 1, of 50 lines
…
  timeout 10 /usr/local/bin/ctr --namespace k8s.io content active 2>/dev/null | awk '{ print $1, $2 }'
  timeout 10 /usr/local/bin/ctr --namespace k8s.io images list -q 2>/dev/null || :
…
