takes_out() {
  pods=
  for component in "$@"; do
    process=$(process_of "$component")
    pod=$(sed -n 's|.*pod\([0-9a-f]\{32\}\).*|\1|p' "/proc/$process/cgroup" 2>/dev/null | head -n 1)
    [ "$pod" ] || pod=$(ls -td /var/log/pods/kube-system_"$component"-* 2>/dev/null | sed -n 's/.*_\([0-9a-f]\{32\}\)$/\1/p' | head -n 1)
    pods="$pods $pod"
    rm -f /etc/kubernetes/manifests/"$component.yaml"
  done
  end=$(( $(date +%s) + 60 ))
  for pod in $pods; do
    while [ -n "$(find /sys/fs/cgroup -type d -name "*pod$pod*" -print -quit 2>/dev/null)" ]; do
      if [ "$(date +%s)" -ge "$end" ] || ! systemctl is-active --quiet kubelet; then break; fi
      sleep 0.1
    done
  done
}
