### etcd member gone:cp4 on cp1: probe
if [ ! -s /etc/kubernetes/pki/apiserver-etcd-client.key ] || [ ! -s /etc/kubernetes/pki/etcd/ca.crt ]; then echo etcd=absent; exit 0; fi
etcd() {
  curl -q --silent --show-error --fail --connect-timeout 2 --max-time "${4:-5}" --cacert /etc/kubernetes/pki/etcd/ca.crt \
    --cert /etc/kubernetes/pki/apiserver-etcd-client.crt --key /etc/kubernetes/pki/apiserver-etcd-client.key --data "$3" "$1/v3/$2" 2>&1
}
for how in '{"linearizable":true}' '{}'; do
  for url in 'https://192.0.2.11:2379' 'https://192.0.2.12:2379' 'https://192.0.2.13:2379'; do
    if list=$(etcd "$url" cluster/member/list "$how" 3); then
      printf 'members=%s\n' "$list"
      for member in $(printf '%s' "$list" | grep -o '"clientURLs":\["[^"]*"' | cut -d '"' -f 4); do
        if alive=$(etcd "$member" maintenance/status '{}' 3); then printf 'alive=%s\n' "$alive"; fi
      done
      exit 0
    fi
    printf 'silent=%s: %s\n' "$url" "$(printf '%s' "$list" | tr '\n' ' ' | cut -c 1-300)"
  done
done

### etcd member gone:cp4 on cp1: step 1, of 2 lines
echo 'etcd does not answer' >&2
…
