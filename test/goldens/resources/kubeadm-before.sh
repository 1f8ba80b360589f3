settle() {
  if [ -d /var/lib/evcctl/kubeadm-before.full ]; then
    rm -rf /var/lib/evcctl/kubeadm-before
    mv -T /var/lib/evcctl/kubeadm-before.full /var/lib/evcctl/kubeadm-before
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
  if [ -d /var/lib/evcctl/kubeadm-before.done ]; then
    if [ ! -e /var/lib/evcctl/kubeadm-before ] && { [ -e /var/lib/kubelet/evcctl-unfinished ] || [ -e /var/lib/evcctl/kubeadm-reset.unfinished ]; }; then mv -T /var/lib/evcctl/kubeadm-before.done /var/lib/evcctl/kubeadm-before; else rm -rf /var/lib/evcctl/kubeadm-before.done; fi
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
}
keep_entries() {
  place=/var/lib/evcctl/kubeadm-before.new/$1
  shift
  mkdir -p "$place"
  for entry in "$@"; do
    if [ ! -e "$entry" ] && [ ! -L "$entry" ]; then continue; fi
    case $entry in /var/lib/kubelet/pods|/var/lib/kubelet/plugins|/var/lib/kubelet/plugins_registry|/var/lib/kubelet/device-plugins|/var/lib/kubelet/pod-resources|/var/lib/kubelet/checkpoints|/var/lib/kubelet/*_state|/var/lib/kubelet/config.yaml|/var/lib/kubelet/kubeadm-flags.env|/var/lib/kubelet/instance-config.yaml|/var/lib/kubelet/evcctl-unfinished*) continue ;; esac
    case $former$entry in yes/etc/kubernetes/admin.conf|yes/etc/kubernetes/super-admin.conf|yes/etc/kubernetes/kubelet.conf|yes/etc/kubernetes/bootstrap-kubelet.conf|yes/etc/kubernetes/controller-manager.conf|yes/etc/kubernetes/scheduler.conf|yes/etc/kubernetes/manifests/etcd.yaml|yes/etc/kubernetes/manifests/kube-apiserver.yaml|yes/etc/kubernetes/manifests/kube-controller-manager.yaml|yes/etc/kubernetes/manifests/kube-scheduler.yaml|yes/etc/kubernetes/pki/ca.*|yes/etc/kubernetes/pki/ca-rotation*|yes/etc/kubernetes/pki/sa.*|yes/etc/kubernetes/pki/apiserver*|yes/etc/kubernetes/pki/front-proxy-*|yes/etc/kubernetes/pki/etcd|yes/etc/kubernetes/pki/evcctl-*|yes/var/lib/kubelet/pki) continue ;; esac
    if [ ! -L "$entry" ] && mountpoint -q "$entry" 2>/dev/null; then continue; fi
    size=$(du -sk -- "$entry" 2>/dev/null) || :
    size=${size%%[!0-9]*}
    total=$(( total + ${size:-0} ))
    if [ "$total" -gt 262144 ]; then
      echo "$entry: kubeadm reset deletes what lies there, and it is too much to keep a copy (more than 256 MiB in all): move it away" >&2
      exit 1
    fi
    rm -rf -- "$place/${entry##*/}"
    cp -fpPR -- "$entry" "$place/"
  done
}
keep_files() {
  former=yes total=0
  if [ "$1" = no ]; then former=no; fi
  settle
  rm -rf /var/lib/evcctl/kubeadm-before.new
  if [ -d /var/lib/evcctl/kubeadm-before ] && [ "$1" != again ]; then cp -pPR /var/lib/evcctl/kubeadm-before /var/lib/evcctl/kubeadm-before.new; else mkdir -m 0700 /var/lib/evcctl/kubeadm-before.new; fi
  keep_entries conf /etc/kubernetes/*.conf
  keep_entries pki /etc/kubernetes/pki/* /etc/kubernetes/pki/.[!.]* /etc/kubernetes/pki/..?*
  keep_entries manifests /etc/kubernetes/manifests/* /etc/kubernetes/manifests/.[!.]* /etc/kubernetes/manifests/..?*
  keep_entries kubelet /var/lib/kubelet/* /var/lib/kubelet/.[!.]* /var/lib/kubelet/..?*
  if [ -d /var/lib/evcctl/kubeadm-before ] && [ "$1" = again ]; then
    for entry in /var/lib/evcctl/kubeadm-before/conf/* /var/lib/evcctl/kubeadm-before/conf/.[!.]* /var/lib/evcctl/kubeadm-before/conf/..?* /var/lib/evcctl/kubeadm-before/pki/* /var/lib/evcctl/kubeadm-before/pki/.[!.]* /var/lib/evcctl/kubeadm-before/pki/..?* /var/lib/evcctl/kubeadm-before/manifests/* /var/lib/evcctl/kubeadm-before/manifests/.[!.]* /var/lib/evcctl/kubeadm-before/manifests/..?* /var/lib/evcctl/kubeadm-before/kubelet/* /var/lib/evcctl/kubeadm-before/kubelet/.[!.]* /var/lib/evcctl/kubeadm-before/kubelet/..?*; do
      over=/var/lib/evcctl/kubeadm-before.new/${entry#/var/lib/evcctl/kubeadm-before/}
      if [ ! -d "$entry" ] || [ -L "$entry" ] || [ ! -d "$over" ] || [ -L "$over" ]; then rm -rf -- "$over"; fi
    done
    cp -fpPR /var/lib/evcctl/kubeadm-before/. /var/lib/evcctl/kubeadm-before.new/
  fi
  { find /var/lib/evcctl/kubeadm-before.new -xdev -exec sync -- {} + 2>/dev/null || sync; }
  mv -T /var/lib/evcctl/kubeadm-before.new /var/lib/evcctl/kubeadm-before.full
  { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  settle
}
put_back() {
  folder=$1
  shift
  mkdir -p "$folder"
  for entry in "$@"; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then cp -fpPR -- "$entry" "$folder/"; fi
  done
}
put_all_back() {
  put_back /etc/kubernetes /var/lib/evcctl/kubeadm-before/conf/* /var/lib/evcctl/kubeadm-before/conf/.[!.]* /var/lib/evcctl/kubeadm-before/conf/..?*
  put_back /etc/kubernetes/pki /var/lib/evcctl/kubeadm-before/pki/* /var/lib/evcctl/kubeadm-before/pki/.[!.]* /var/lib/evcctl/kubeadm-before/pki/..?*
  put_back /etc/kubernetes/manifests /var/lib/evcctl/kubeadm-before/manifests/* /var/lib/evcctl/kubeadm-before/manifests/.[!.]* /var/lib/evcctl/kubeadm-before/manifests/..?*
  put_back /var/lib/kubelet /var/lib/evcctl/kubeadm-before/kubelet/* /var/lib/evcctl/kubeadm-before/kubelet/.[!.]* /var/lib/evcctl/kubeadm-before/kubelet/..?*
}
lost() {
  if [ ! -d "$1" ]; then return 1; fi
  sums=$(cd "$1" && find . -type f -exec sha256sum {} +) || return 0
  if [ -n "$sums" ] && ! ( cd "$2" && printf '%s\n' "$sums" | sha256sum -c ) >/dev/null 2>&1; then return 0; fi
  ( cd "$1" && find . ! -type f ! -type d ) | {
    while IFS= read -r entry; do
      if [ ! -e "$2/$entry" ] && [ ! -L "$2/$entry" ]; then exit 0; fi
    done
    exit 1
  }
}
set_aside() {
  settle
  if [ -d /var/lib/evcctl/kubeadm-before ]; then
    some=
    if lost /var/lib/evcctl/kubeadm-before/conf /etc/kubernetes; then some=yes; fi
    if lost /var/lib/evcctl/kubeadm-before/pki /etc/kubernetes/pki; then some=yes; fi
    if lost /var/lib/evcctl/kubeadm-before/manifests /etc/kubernetes/manifests; then some=yes; fi
    if lost /var/lib/evcctl/kubeadm-before/kubelet /var/lib/kubelet; then some=yes; fi
    if [ -n "$some" ]; then
      aside=/var/lib/evcctl/kubeadm-before.saved number=1
      while [ -e "$aside" ]; do number=$(( number + 1 )) aside=/var/lib/evcctl/kubeadm-before.saved.$number; done
      mv -T /var/lib/evcctl/kubeadm-before "$aside"
    else rm -rf /var/lib/evcctl/kubeadm-before; fi
    { sync -- /var/lib/evcctl 2>/dev/null || sync; }
  fi
}
member_to_go() {
  case $data in /?*) ;; *) return 1 ;; esac
  if [ ! -e "$data/member" ] && [ ! -L "$data/member" ]; then return 1; fi
  if grep -qxF "member $(TZ=UTC0 stat -c '%i %w' -- "$data/member" 2>/dev/null)" /var/lib/evcctl/kubeadm-reset.unfinished; then return 0; fi
  echo "$data/member is there since a reset of this host was cut off, so nothing is reset: move it away, or remove /var/lib/evcctl/kubeadm-reset.unfinished if the host is a node again" >&2
  exit 1
}
